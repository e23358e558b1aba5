"""`make bench`: speed and memory as ratios beside a baseline of the same run, never as timed tests."""
