"""Order history played back through the real intake of every channel: plan, supply, run, report."""
