# Two commands: `make run` sets up and serves, `make test` sets up and tests. Both need Python 3.11 or later, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: run test check admin

run: $(INSTALLED)
	@exec $(BIN)/python manage.py serve

test: $(INSTALLED)
	$(BIN)/python -m pytest $(ARGS)

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	SECRET_KEY=$$(head -c 48 /dev/urandom | base64) BASE_URL=https://voice.example $(BIN)/python manage.py check --deploy --fail-level WARNING

admin: $(INSTALLED)
	$(BIN)/python manage.py migrate --verbosity 0
	$(BIN)/python manage.py createsuperuser

$(INSTALLED): requirements.txt infrastructure/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed, this is %s. Try: make run PYTHON=python3.11" % sys.version.split()[0])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing packages into $(VENV) (some 5 GB; minutes on the first run) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c infrastructure/constraints.txt
	@touch $(INSTALLED)
