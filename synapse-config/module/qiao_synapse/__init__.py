"""Qiao's Synapse module: provisioning of a company's accounts and memberships.

Loaded by Synapse as ``qiao_synapse.QiaoModule``. The API is described in this
folder's README.
"""

from qiao_synapse.module import QiaoModule
from qiao_synapse.version import VERSION as __version__

__all__ = ["QiaoModule", "__version__"]
