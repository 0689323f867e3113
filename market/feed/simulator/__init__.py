"""A local SSI FastConnect Data v2 that plays a synthetic day or a recording, with switches for what can go wrong.

`day.py` and what it imports make the market and know no sockets; `endpoint.py`, `hub.py` and `server.py` serve it.
"""

from market.feed.simulator.options import SimulatorError, SimulatorOptions
from market.feed.simulator.server import Simulator

__all__ = ["Simulator", "SimulatorError", "SimulatorOptions"]
