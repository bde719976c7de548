"""The journal as tables, for reports and people: a projection that can be thrown away and made again.

`tables.py` says what there is, `rows.py` what a record becomes (pure), `projector.py` how it gets there
exactly once. Nothing that trades reads these tables, and nothing waits for them.
"""
