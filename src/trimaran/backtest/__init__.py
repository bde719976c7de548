"""Floor 6: the replay runner: recorded events and simulated venues around the same step.

Time is what the recording says. It will never have a fill model or a rule that the live way does not have.
"""
