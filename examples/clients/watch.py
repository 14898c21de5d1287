"""A FlowLayer client: shows the snapshot, follows the log, restarts a service when asked to.

    pip install websockets
    python watch.py 127.0.0.1:6999 TOKEN [SERVICE TO RESTART]
"""

import json
import sys

from websockets.sync.client import connect

address, token, *restart = sys.argv[1:]
headers = {"Authorization": f"Bearer {token}"}
with connect(f"ws://{address}/ws", additional_headers=headers, max_size=2**24) as server:
    for text in server:
        message = json.loads(text)
        name, payload = message.get("name"), message.get("payload", {})
        if name == "hello":
            print("connected to", payload["server"], "protocol", payload["protocol_version"])
        elif name == "snapshot":
            for service in payload["services"]:
                print(f"{service['name']} is {service['status']}")
            for service in restart:
                command = {"type": "command", "id": "1", "name": "restart_service"}
                server.send(json.dumps(command | {"payload": {"service": service}}))
        elif name == "log":
            print(f"{payload['seq']} {payload['service']}: {payload['message']}")
        elif name == "service_status":
            print(f"{payload['service']} → {payload['status']}")
        elif message["type"] in ("ack", "result"):
            print(message["type"], json.dumps(payload))
        sys.stdout.flush()
