"""An SMTP server for tests: python3-aiosmtpd with settings from the command line.

It prints its port in one line, and then each mail that it takes as one line of
JSON. It ends when its standard input does.
"""

import argparse
import asyncio
import base64
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self, refuse, hang):
        self.refuse, self.hang = refuse, hang

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address == self.refuse:
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.hang:
            await asyncio.Event().wait()
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": server.transport.get_extra_info("cipher") is not None,
            "user": session.auth_data.login.decode() if session.auth_data else "",
            "data": base64.b64encode(envelope.original_content).decode(),
        }
        print(json.dumps(mail), flush=True)
        return "250 2.0.0 taken"


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", choices=["none", "starttls", "implicit"], required=True)
    parser.add_argument("--certificate")
    parser.add_argument("--user", default="")
    parser.add_argument("--without", action="append", help="an AUTH mechanism")
    parser.add_argument("--refuse", default="")
    parser.add_argument("--hang", action="store_true")
    args = parser.parse_args()

    context = None
    if args.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(args.certificate)
    password = os.environ.get("SMTPD_PASSWORD", "").encode()

    def authenticate(server, session, envelope, mechanism, auth_data):
        good = auth_data.login.decode() == args.user and auth_data.password == password
        return AuthResult(success=good, handled=False, auth_data=auth_data)

    def serve():
        return SMTP(
            Handler(args.refuse, args.hang),
            tls_context=context if args.tls == "starttls" else None,
            require_starttls=args.tls == "starttls",
            authenticator=authenticate,
            auth_required=args.user != "",
            auth_require_tls=args.tls == "starttls",
            auth_exclude_mechanism=args.without,
        )

    server = await asyncio.get_running_loop().create_server(
        serve, "127.0.0.1", 0, ssl=context if args.tls == "implicit" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()
    os._exit(0)  # connections may hang


asyncio.run(main())
