"""How the embedded base was pretrained: fetch → build → fit → publish, each a module run with `python -m`."""
