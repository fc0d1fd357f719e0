# Two commands matter: `make demo` and `make test`. Each builds .venv from requirements.txt if it is missing.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.PHONY: install demo test test-slow lint student ship bench-teacher bench-curate bench-student bench-training gold clean

$(VENV)/installed: requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --requirement requirements.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

install: $(VENV)/installed

# Names of this machine and the seed corpus through every stage, then ten names that were not in training.
DEMO_TREE := $(shell $(PYTHON) -c 'import sys; print(sys.base_prefix)')/lib/python3.11 /usr/share
demo: install
	$(BIN)/nomenclair run $(DEMO_TREE) --teacher grammar --seed --base train/base/weights --epochs 0.02 --workspace demo-workspace
	$(BIN)/python -m train.unseen demo-workspace

test: install
	$(BIN)/python -m pytest

test-slow: install
	$(BIN)/python -m pytest -m slow

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The embedded base tuned on the seed corpus alone: what `make gold` measures.
student: install
	$(BIN)/nomenclair curate --seed --workspace student-workspace
	$(BIN)/nomenclair train --base train/base/weights --epochs 0.12 --learning-rate 1e-4 --workspace student-workspace
	$(BIN)/nomenclair export --workspace student-workspace

# That student into the package, where `nomenclair describe` finds it: the wheel holds it.
ship: student
	rm -rf nomenclair/shipped.new
	cp -r student-workspace/student nomenclair/shipped.new
	rm -rf nomenclair/shipped
	mv nomenclair/shipped.new nomenclair/shipped

# Speed and size beside CTranslate2 and PyTorch; on a machine with nothing else to do. Last line: JSON.
bench-student: install
	$(BIN)/pip install --quiet --requirement benchmarks/requirements.txt
	$(BIN)/python -m benchmarks.bench_student

# Training speed, the default adapter against others, and how many pairs a student needs; twenty minutes.
bench-training: install
	$(BIN)/python -m benchmarks.bench_train_speed
	$(BIN)/python -m benchmarks.bench_train_speed --base flan-t5-small --pairs 150
	$(BIN)/python -m benchmarks.bench_lora
	$(BIN)/python -m benchmarks.learning_curve

gold: install
	$(BIN)/python -m benchmarks.gold student-workspace

# generate beside bespokelabs-curator, which gets an environment of its own.
.venv-curator/installed:
	test -x .venv-curator/bin/python || $(PYTHON) -m venv .venv-curator
	.venv-curator/bin/pip install --quiet bespokelabs-curator==0.1.31
	touch $@

bench-teacher: install .venv-curator/installed
	$(BIN)/python -m benchmarks.bench_teacher --curator .venv-curator/bin/python

bench-curate: install
	$(BIN)/python -m benchmarks.bench_curate

clean:
	rm -rf $(VENV) demo-workspace dist
