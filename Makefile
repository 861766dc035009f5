# `make run` sets up and serves, `make xtts` sets up XTTS v2, `make test` sets up all and tests. Python 3.11 or later is all they need.
PYTHON ?= python3
BIN := .venv/bin
# Of make test; each holds an engine or a whole site.
PROCESSES ?= 3
# Of make test, besides what runs alone.
MARKS ?= not alone and not thorough
INSTALL := $(PYTHON) infrastructure/install.py

.PHONY: run xtts recogniser test thorough attack check coverage screenshots messages admin

run:
	@$(INSTALL) light
	@exec $(BIN)/python manage.py serve

# What is to be downloaded and the licence come first; then nobody has to wait beside it. ARGS goes to fetch_model.
xtts:
	@$(INSTALL) light
	@$(INSTALL) xtts --dry-run
	@$(BIN)/python manage.py fetch_model --only-ask
	@$(INSTALL) light xtts
	@COQUI_TOS_AGREED=1 $(BIN)/python manage.py fetch_model $(ARGS)

# For CHECK_SPEECH: what is spoken is heard again, and compared with its text.
recogniser:
	@$(INSTALL) light check

# $(1): what runs pytest. What measures how soon a site answers runs alone, after the rest. 5: ARGS names no such test.
define RUN_TESTS
@$(1) -m pytest --numprocesses $(PROCESSES) --dist loadscope -m "$(MARKS)" $(ARGS); \
	many=$$?; [ $$many -eq 0 ] || [ $$many -eq 5 ] || exit $$many; \
	$(1) -m pytest -m alone $(ARGS); \
	alone=$$?; [ $$alone -eq 0 ] || { [ $$alone -eq 5 ] && [ $$many -eq 0 ]; }
endef

test:
	@$(INSTALL) light fleet agents xtts check test
	$(call RUN_TESTS,$(BIN)/python)

# With what takes longest, and is least often what a change breaks.
thorough:
	@$(MAKE) test MARKS="not alone"

# Some fifteen minutes; ARGS="kills --seed 7" for a piece of it, or to repeat one.
attack:
	@$(INSTALL) light fleet agents xtts check test
	$(BIN)/python -m cloning.tests.attack --record docs/reliability.md $(ARGS)

check:
	@$(INSTALL) light fleet agents xtts check test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	SECRET_KEY=$$(head -c 48 /dev/urandom | base64) BASE_URL=https://voice.example $(BIN)/python manage.py check --deploy --fail-level WARNING

coverage:
	@$(INSTALL) light fleet agents xtts check test
	$(BIN)/coverage erase
	$(call RUN_TESTS,$(BIN)/coverage run)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

screenshots:
	@$(INSTALL) light fleet agents xtts check test
	$(BIN)/python -m benchmarks.screenshots

# Needs gettext (`apt-get install gettext`). What is new in the catalogues of cloning/locale/ is empty or a guess marked "fuzzy".
messages:
	@$(INSTALL) light
	$(BIN)/python manage.py makemessages --locale de --locale es --locale fr --no-location --no-wrap --no-obsolete \
		--ignore .venv --ignore storage --ignore benchmarks --ignore 'cloning/tests/*'
	$(BIN)/python manage.py compilemessages --ignore .venv

admin:
	@$(INSTALL) light
	$(BIN)/python manage.py migrate --verbosity 0
	$(BIN)/python manage.py createsuperuser
