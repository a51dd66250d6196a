"""Versions the module states about itself and checks of its surroundings."""

from importlib.metadata import version

VERSION = "0.1.0"

#: The Synapse release whose internals the fast membership path was read and tested
#: against. On any other release the module falls back to the documented module API.
TESTED_SYNAPSE_VERSION = "1.163.2"

#: The installed release. (Synapse's own SYNAPSE_VERSION names the commit of whatever git
#: checkout it happens to lie in, as soon as there is one around the environment.)
SYNAPSE_VERSION = version("matrix-synapse")
