"""`make bench`: speed and memory as ratios beside a floor of the same run, never as timed tests."""
