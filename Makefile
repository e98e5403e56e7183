# Every target makes the environment .venv on first use. It needs Python 3.11 to 3.13, venv and git.
PYTHON ?= python3
CONSTRAINTS ?= constraints.txt
EXTRAS ?= dev
CHAPTERS ?=
BENCH ?=
ARGS ?=
PROCESSORS ?=
MUTANTS ?=
WORKERS ?= 2
OFFLINE ?=
PORT ?= 8000
# The version is part of the name, so that another PYTHON makes the environment anew.
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
ENVIRONMENT := .venv/python$(VERSION)
BIN := .venv/bin
HTML := _build/html
# A book for readers without a network is built without one: who asks for it is refused.
REFUSED := http://127.0.0.1:9
NO_NETWORK := $(if $(OFFLINE),http_proxy=$(REFUSED) https_proxy=$(REFUSED))
# One file to a worker, in the order of conftest.py.
PYTEST := $(BIN)/pytest --nbval -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help book serve pages pdf test chapters slow portability bench mutants lint clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile | expand -t 20
	@echo "  PYTHON=python3.12 chooses the Python, CONSTRAINTS= takes the newest packages,"
	@echo "  EXTRAS=dev,torch adds PyTorch when the environment is made,"
	@echo "  WORKERS=4 runs four chapters at a time instead of two."

book: $(ENVIRONMENT) ## execute the chapters and build the book (OFFLINE=1: without links to Binder, Colab, GitHub)
	@mkdir -p $(HTML)
	$(BIN)/python tools/execute_chapters.py --workers $(WORKERS)
	@# A build that fails begins anew the next time: it would not see the same warnings again.
	$(NO_NETWORK) $(BIN)/jupyter-book build . -n -W --keep-going || (rm -rf _build/.doctrees; false)
	@echo "Open $(abspath $(HTML)/index.html), or run: make serve"

serve: ## show the built book in a browser, where its search shows what it found (PORT=8000)
	$(PYTHON) -m http.server --bind 127.0.0.1 --directory $(HTML) $(PORT)

pages: $(ENVIRONMENT) ## test the built book, in Chromium where there is one
	RGRBM_BOOK=$(HTML) $(BIN)/pytest -n $(WORKERS) --dist worksteal \
		tests/book/test_html.py tests/book/test_pages.py tests/book/test_interactive_figures.py \
		tests/book/test_first_page_in_a_browser.py tests/book/test_statements.py \
		tests/book/test_api_pages.py $(ARGS)

pdf: | chromium book ## print the book as one file, _build/pdf/book.pdf
	$(BIN)/python tools/print_book.py --workers $(WORKERS)

test: $(ENVIRONMENT) ## run the tests, execute the chapters, compare them with their stored outputs (ARGS="-x")
	$(PYTEST) --keep-chapters $(ARGS)

chapters: $(ENVIRONMENT) ## execute the chapters and store their outputs (CHAPTERS="a.ipynb b.ipynb")
	$(BIN)/python tools/store_chapters.py --workers $(WORKERS) $(CHAPTERS)

slow: $(ENVIRONMENT) ## renew the results that take too long for a chapter (SLOW=script.py)
	for script in $(or $(SLOW),$(wildcard book/*/slow/*.py)); do $(BIN)/python $$script || exit 1; done

portability: $(ENVIRONMENT) ## run the tests as on other processors (PROCESSORS=nehalem ARGS=a.ipynb)
	$(BIN)/python tools/portability.py $(PROCESSORS) -- $(PYTEST) $(ARGS)

bench: .venv-bench/python$(VERSION) ## compare the speed with other packages (BENCH=samplers ARGS=--quick)
	.venv-bench/bin/python benchmarks/run.py $(BENCH) $(ARGS)

mutants: .venv-mutants/python$(VERSION) ## break the library, see tests fail (MUTANTS="ising rgrbm/rbm/mapping.py")
	.venv-mutants/bin/python tools/mutants.py --workers $(WORKERS) $(ARGS) $(MUTANTS)

lint: $(ENVIRONMENT) ## check style and formatting, notebooks too
	$(BIN)/ruff check
	$(BIN)/ruff format --check

clean: ## remove the environment and all that was built
	rm -rf .venv .venv-bench .venv-mutants _build .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
		echo "The book is printed by Chromium, which is not installed here"; exit 1; }

.PHONY: python
python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
		echo "The book needs Python 3.11, 3.12 or 3.13: name one, as in PYTHON=python3.12"; exit 1; }

.venv-bench/python$(VERSION): pyproject.toml $(CONSTRAINTS) benchmarks/requirements.txt | python
	$(PYTHON) -m venv --clear .venv-bench
	.venv-bench/bin/python -m pip install --quiet $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS)) \
		--editable . --requirement benchmarks/requirements.txt
	@touch $@

.venv-mutants/python$(VERSION): pyproject.toml $(CONSTRAINTS) tools/requirements-mutants.txt | python
	$(PYTHON) -m venv --clear .venv-mutants
	.venv-mutants/bin/python -m pip install --quiet $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS)) \
		--editable '.[test]' --requirement tools/requirements-mutants.txt
	@touch $@

$(ENVIRONMENT): pyproject.toml $(CONSTRAINTS) | python
	$(PYTHON) -m venv --clear .venv
	@# That of an older Python takes half as long again.
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS)) --editable '.[$(EXTRAS)]'
	@touch $@
