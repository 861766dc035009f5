from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("cloning.urls")),
]

handler400 = "cloning.views.errors.bad_request"
handler404 = "cloning.views.errors.not_found"
handler500 = "cloning.views.errors.server_error"
