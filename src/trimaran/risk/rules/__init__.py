"""The rules of risk, one file each; `catalogue.py` lists them in the order they are asked."""
