"""Who sends a form, as what can be chosen in it depends on that."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cloning.models.ownership import AnyUser


class WithUser:
    """Before a form's own class. Where no user is given and accounts are needed, there is nothing to choose from."""

    def __init__(self, *args: Any, user: "AnyUser | None" = None, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
