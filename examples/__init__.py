"""What can be built on Trimaran: settings, a replay, and a venue of one's own."""
