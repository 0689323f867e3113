"""Users' own alerts: set on a page, judged by ingest, told to their user alone."""
