"""Reads a context as one of cloud-init's data sources does: prints as JSON the
metadata and, in base64, the user data."""
import base64
import json
import sys

from cloudinit import distros, helpers, util
from cloudinit.sources import DataSourceConfigDrive, DataSourceOpenNebula

source, directory = sys.argv[1:]
if source == "nocloud":
    seed = util.pathprefix2dict(directory + "/", required=["user-data", "meta-data"])
    result = {"metadata": util.load_yaml(seed["meta-data"].decode()), "userdata": seed["user-data"]}
elif source == "config-drive":
    result = DataSourceConfigDrive.read_config_drive(directory)
else:
    distro = distros.fetch("debian")("debian", {}, helpers.Paths({}))
    result = DataSourceOpenNebula.read_context_disk_dir(directory, distro)
userdata = util.decomp_gzip(util.encode_text(result.get("userdata") or b""), decode=False)
json.dump({
    "Metadata": result["metadata"],
    "UserData": base64.b64encode(userdata).decode(),
    "Network": bool(result.get("network-interfaces")),
}, sys.stdout)
