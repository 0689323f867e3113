"""Recordings: JSON Lines with the feed's own DataType and Content and, optionally, ReceivedAt in epoch seconds."""

from market.feed.recording.decoded import read_events
from market.feed.recording.reader import read_messages
from market.feed.recording.replay import RecordingSource
from market.feed.recording.writer import Recorder

__all__ = ["Recorder", "RecordingSource", "read_events", "read_messages"]
