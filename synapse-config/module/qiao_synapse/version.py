"""Versions the module states about itself and checks of its surroundings."""

VERSION = "0.1.0"

#: The Synapse release whose internals the fast membership path was read and tested
#: against. On any other release the module falls back to the documented module API.
TESTED_SYNAPSE_VERSION = "1.163.2"
