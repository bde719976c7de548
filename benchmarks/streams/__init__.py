"""Made-up frames of every venue: valid running streams, the same bytes for every side.

`market` wanders, the module of a venue writes down what it would say of that, `capture` puts it into a file.
A stream is a pure function of its seed.
"""
