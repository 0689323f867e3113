"""One report of all measured figures (`make report`): pass or fail, the machine, what changed since the last one."""
