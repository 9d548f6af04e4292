# Everything runs in .venv, which is built on first use and again when pyproject.toml changes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PEERS := $(VENV)/peers
VECTOR_PEERS := $(VENV)/peers-vectors

# threads that wait must not spin: on a busy machine that made the demo eight times slower
export OMP_WAIT_POLICY ?= passive

.PHONY: demo test check lab bench bench-averages bench-cells bench-few-texts bench-last-state bench-language bench-names bench-pretrained bench-recurrent bench-series bench-tagging bench-translating bench-vectors clean

demo: $(STAMP)  ## compare ten models on real reviews, write demo/report.html
	$(BIN)/python examples/demo.py

test: $(STAMP)  ## all tests, on as many cores as there are, four at most
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

check: $(STAMP)  ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lab: $(STAMP)  ## every experiment of the lectures on a few texts, to see that it works
	$(BIN)/sestina lab run --all --quick --results build/lab

bench: $(STAMP)  ## the figures of docs/benchmarks.md: three seeds of every model
	$(BIN)/python benchmarks/first_light.py

bench-few-texts: $(STAMP)  ## 200 training texts, vectors random or pre-trained; ARGS=--publish
	$(BIN)/python benchmarks/few_texts.py $(ARGS)

bench-language: $(STAMP)  ## language models against n-grams; ARGS="--prose FILE --publish"
	$(BIN)/python benchmarks/language_models.py $(ARGS)

bench-names: $(STAMP)  ## gender of first names, and new ones; ARGS=--publish
	$(BIN)/python benchmarks/names.py $(ARGS)

bench-pretrained: $(STAMP)  ## few labels, vectors of a language model or GloVe's; ARGS="--prose FILE --publish"
	$(BIN)/python benchmarks/pretrained.py $(ARGS)

bench-tagging: $(STAMP)  ## taggers beside their baselines; ARGS="--tweets FOLDER --publish"
	$(BIN)/python benchmarks/tagging.py $(ARGS)

bench-translating: $(STAMP)  ## translators beside a dictionary; ARGS=--publish
	$(BIN)/python benchmarks/translating.py $(ARGS)

bench-series: $(STAMP)  ## exercises seen by a watch, against ROCKET; ARGS="--peer-python PYTHON --publish"
	$(BIN)/python benchmarks/series.py $(ARGS)

bench-recurrent: $(PEERS)/.installed  ## recurrent layers against PyTorch, Keras and ONNX Runtime; ARGS=--quick
	$(PEERS)/bin/python benchmarks/recurrent.py $(ARGS)

bench-cells: $(STAMP)  ## what options of recurrent layers cost, beside loops of torch; ARGS=--publish
	$(BIN)/python benchmarks/cells.py $(ARGS)

bench-last-state: $(STAMP)  ## layers whose last state counts, against torch; ARGS=--publish
	$(BIN)/python benchmarks/last_state.py $(ARGS)

bench-vectors: $(VECTOR_PEERS)/.installed  ## word vectors against gensim and others; ARGS="--corpus FILE --peers FOLDER"
	$(VECTOR_PEERS)/bin/python benchmarks/vectors.py $(ARGS)

bench-averages: $(VECTOR_PEERS)/.installed  ## the mean encoder against fastText's classifier; ARGS="--newsgroups FOLDER"
	$(VECTOR_PEERS)/bin/python benchmarks/averages.py $(ARGS)

clean:
	rm -rf $(VENV) demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Sestina needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

# what the benchmark races against is heavy, so it lives apart
$(PEERS)/.installed: $(STAMP)
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[peers]'
	@touch $@

$(VECTOR_PEERS)/.installed: $(STAMP)
	$(PYTHON) -m venv $(VECTOR_PEERS)
	$(VECTOR_PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[peers-vectors]'
	@touch $@
