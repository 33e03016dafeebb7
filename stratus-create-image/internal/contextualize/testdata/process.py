"""Lets cloud-init take the user data on standard input, and prints as JSON what
its handlers are given; scripts as its handler writes them."""
import base64
import json
import os
import sys
import tempfile

from cloudinit import helpers, user_data, util
from cloudinit.handlers.shell_script import ShellScriptPartHandler

with tempfile.TemporaryDirectory() as cloud_dir:
    paths = helpers.Paths({"cloud_dir": cloud_dir, "run_dir": cloud_dir, "templates_dir": cloud_dir})
    paths.get_ipath_cur = lambda name=None: os.path.join(cloud_dir, name or "")
    scripts = ShellScriptPartHandler(paths)
    message = user_data.UserDataProcessor(paths).process(sys.stdin.buffer.read())
    # cloud-init keeps the document as text, and reads it again.
    message = util.message_from_string(str(message))
    parts = []
    for part in message.walk():
        if part.get_content_maintype() == "multipart":
            continue
        content = util.fully_decoded_payload(part)
        if part.get_content_type() == "text/x-shellscript":
            scripts.handle_part(None, "text/x-shellscript", part.get_filename(), content, None)
            with open(os.path.join(scripts.script_dir, util.clean_filename(part.get_filename())), "rb") as f:
                content = f.read()
        parts.append({
            "Type": part.get_content_type(),
            "Name": part.get_filename(),
            "Content": base64.b64encode(util.encode_text(content)).decode(),
        })
    json.dump(parts, sys.stdout)
