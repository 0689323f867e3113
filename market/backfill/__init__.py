"""History from the venue's REST interface: what was before the first start, and what ingest did not see.

`plan` says which calls are missing, `run` makes them one by one, `convert` turns rows into ours, `store` writes them,
`progress` remembers what was asked. `reference` keeps instruments and baskets up to date, `gaps` repairs today's bars.
Everything is synchronous; `Venue` hides the asynchronous client.
"""
