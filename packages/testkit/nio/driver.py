"""Drives one matrix-nio client, an encrypted client that shares no code with Qiao.

JSON lines on stdin: {"id": 1, "cmd": "send_text", "args": {...}}; one answer per command on
stdout: {"id": 1, "ok": true, "result": ...} or {"id": 1, "ok": false, "error": "..."}.
Commands run side by side, so a waiting `wait_event` does not block a `send_text`.
Used by the tests through `src/nio.ts`; runs by hand as well: `.venv/nio/bin/python driver.py`.
"""

import asyncio
import base64
import io
import json
import os
import sys
import time
import traceback

from nio import (
    AsyncClient,
    AsyncClientConfig,
    ErrorResponse,
    Event,
    InviteMemberEvent,
    MegolmEvent,
    ToDeviceEvent,
)
from nio.crypto import decrypt_attachment
from nio.exceptions import EncryptionError

SYNC_FILTER = {"room": {"timeline": {"limit": 200}}}


class Failure(Exception):
    """A command that cannot be done; its text is the answer's error."""


class Driver:
    """One client, what it has seen, and the commands on it."""

    def __init__(self):
        self.client = None
        self.timeline = []  # dicts as described in `describe`, oldest first
        self.index = {}  # event id -> its dict
        self.pending = {}  # event id -> MegolmEvent not decrypted yet
        self.to_device = []  # types and senders of what came to this device
        self.changed = asyncio.Condition()
        self.syncer = None
        self.sync_error = None

    # -- session ---------------------------------------------------------------

    async def cmd_login(self, homeserver, user_id, store, password=None, access_token=None,
                        device_id=None, device_name="nio", rotation=None):
        """Log in by password, or take up a session by access_token and device_id.

        `store` is a folder kept by the caller: the same folder, device and token survive a restart.
        """
        os.makedirs(store, exist_ok=True)
        config = AsyncClientConfig(store_sync_tokens=True, encryption_enabled=True,
                                   max_limit_exceeded=20, max_timeouts=3)
        self.client = AsyncClient(homeserver, user_id, device_id=device_id, store_path=store,
                                  config=config)
        self.client.add_event_callback(self._on_event, Event)
        self.client.add_event_callback(self._on_invite, InviteMemberEvent)
        self.client.add_to_device_callback(self._on_to_device, ToDeviceEvent)
        if access_token:
            self.client.restore_login(user_id, device_id, access_token)
        else:
            self._check(await self.client.login(password=password, device_name=device_name))
        if self.client.should_upload_keys:
            self._check(await self.client.keys_upload())
        return await self.cmd_export_state()

    async def cmd_start_sync(self):
        """Sync in the background from where the store stands; answers after the first one."""
        if self.syncer and not self.syncer.done():
            return {}
        self._check(await self.client.sync(timeout=0, full_state=True, sync_filter=SYNC_FILTER))
        await self._after_sync()
        self.syncer = asyncio.create_task(self._sync_loop())
        return {"next_batch": self.client.next_batch}

    async def cmd_stop_sync(self):
        """Stop the background sync; what was received stays."""
        if self.syncer:
            self.syncer.cancel()
            await asyncio.gather(self.syncer, return_exceptions=True)
            self.syncer = None
        return {}

    async def cmd_sync_once(self, timeout_ms=0, full_state=False):
        """One /sync with everything that follows from it (key upload, query, claims)."""
        self._check(await self.client.sync(timeout=timeout_ms, full_state=full_state,
                                           sync_filter=SYNC_FILTER))
        await self._after_sync()
        return {"next_batch": self.client.next_batch}

    async def _sync_loop(self):
        while True:
            try:
                answer = await self.client.sync(timeout=10000, sync_filter=SYNC_FILTER)
                if isinstance(answer, ErrorResponse):
                    self.sync_error = str(answer)
                    await asyncio.sleep(0.5)
                    continue
                self.sync_error = None
                await self._after_sync()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # a homeserver that is down comes back
                self.sync_error = f"{type(error).__name__}: {error}"
                await asyncio.sleep(0.5)

    async def _after_sync(self):
        client = self.client
        if client.should_upload_keys:
            await client.keys_upload()
        if client.should_query_keys:
            await client.keys_query()
        if client.should_claim_keys:
            await client.keys_claim(client.get_users_for_key_claiming())
        await client.send_to_device_messages()
        await self._retry_pending()
        async with self.changed:
            self.changed.notify_all()

    async def cmd_logout(self):
        """Log out: the homeserver forgets the device."""
        await self.cmd_stop_sync()
        self._check(await self.client.logout())
        return {}

    # -- what comes in ---------------------------------------------------------

    def describe(self, room_id, event, undecrypted=False):
        """The answer's shape for an event."""
        source = event.source
        return {
            "room_id": room_id,
            "event_id": event.event_id,
            "sender": event.sender,
            "type": source.get("type"),
            "state_key": source.get("state_key"),
            "ts": event.server_timestamp,
            "content": source.get("content", {}),
            "redacted": bool(source.get("unsigned", {}).get("redacted_because")),
            "encrypted": bool(getattr(event, "decrypted", False)) or undecrypted,
            "decrypted": bool(getattr(event, "decrypted", False)),
            "verified": bool(getattr(event, "verified", False)),
            "sender_key": getattr(event, "sender_key", None),
            "session_id": getattr(event, "session_id", None),
        }

    def _take(self, room_id, event):
        """Note an event; returns what is known of it."""
        if isinstance(event, MegolmEvent):
            event.room_id = room_id
            self.pending[event.event_id] = event
            entry = self.describe(room_id, event, undecrypted=True)
        else:
            self.pending.pop(event.event_id, None)
            entry = self.describe(room_id, event)
        known = self.index.get(event.event_id)
        if known is None:
            self.index[event.event_id] = entry
            self.timeline.append(entry)
            return entry
        if not known["decrypted"]:
            known.update(entry)
        return known

    async def _on_event(self, room, event):
        self._take(room.room_id, event)

    async def _on_invite(self, room, event):
        entry = {"room_id": room.room_id, "event_id": None, "sender": event.sender,
                 "type": "invite", "state_key": event.state_key, "ts": int(time.time() * 1000),
                 "content": event.content, "redacted": False, "encrypted": False,
                 "decrypted": False, "verified": False, "sender_key": None, "session_id": None}
        if event.state_key == self.client.user_id:
            self.timeline.append(entry)

    async def _on_to_device(self, event):
        self.to_device.append({"type": event.source.get("type") or type(event).__name__,
                               "class": type(event).__name__, "sender": event.sender})

    async def _retry_pending(self):
        for event in list(self.pending.values()):
            try:
                self._take(event.room_id, self.client.decrypt_event(event))
            except EncryptionError:
                continue

    @staticmethod
    def _matches(entry, room_id, sender, type_, body, body_contains, event_id, relates_to, key,
                 key_decrypted):
        content = entry["content"]
        text = content.get("body")
        relation = content.get("m.relates_to", {})
        return ((room_id is None or entry["room_id"] == room_id)
                and (sender is None or entry["sender"] == sender)
                and (type_ is None or entry["type"] == type_)
                and (body is None or text == body)
                and (body_contains is None or (isinstance(text, str) and body_contains in text))
                and (event_id is None or entry["event_id"] == event_id)
                and (relates_to is None or relation.get("event_id") == relates_to
                     or relation.get("m.in_reply_to", {}).get("event_id") == relates_to)
                and (key is None or relation.get("key") == key)
                and (not key_decrypted or entry["decrypted"]))

    async def cmd_wait_event(self, room_id=None, sender=None, type=None, body=None,
                             body_contains=None, event_id=None, relates_to=None, key=None,
                             decrypted=False, after_event_id=None, timeout_ms=30000):
        """The first event (already seen or to come) that fits. Needs start_sync."""
        deadline = time.monotonic() + timeout_ms / 1000
        while True:
            begin = 0
            if after_event_id is not None:
                begin = next((at + 1 for at, entry in enumerate(self.timeline)
                              if entry["event_id"] == after_event_id), len(self.timeline))
            for entry in self.timeline[begin:]:
                if self._matches(entry, room_id, sender, type, body, body_contains, event_id,
                                 relates_to, key, decrypted):
                    return entry
            left = deadline - time.monotonic()
            if left <= 0:
                last = [f"{entry['type']} {entry['sender']} {entry['event_id']}"
                        for entry in self.timeline[-5:]]
                raise Failure(f"no such event in {timeout_ms} ms; sync error: {self.sync_error}; "
                              f"{len(self.pending)} not decrypted; last seen: {last}")
            async with self.changed:
                try:
                    await asyncio.wait_for(self.changed.wait(), min(left, 1.0))
                except asyncio.TimeoutError:
                    pass

    async def cmd_timeline(self, room_id=None, limit=1000):
        """What was seen so far, oldest first."""
        entries = [entry for entry in self.timeline if room_id in (None, entry["room_id"])]
        return {"events": entries[-limit:]}

    async def cmd_undecrypted(self, room_id=None):
        """Events this client could not decrypt (yet)."""
        return {"events": [self.index[event_id] for event_id, event in self.pending.items()
                           if room_id in (None, event.room_id)]}

    async def cmd_backfill(self, room_id, limit=100):
        """Read history backwards from now and decrypt what is possible."""
        answer = self._check(await self.client.room_messages(room_id, limit=limit))
        entries = []
        for event in answer.chunk:
            if isinstance(event, MegolmEvent):
                try:
                    event = self.client.decrypt_event(event)
                except EncryptionError:
                    event.room_id = room_id
            entries.append(self._take(room_id, event))
        return {"events": entries}

    async def cmd_request_key(self, event_id):
        """Ask other devices of this user for the key of an event that was not decrypted."""
        self._check(await self.client.request_room_key(self.pending[event_id]))
        return {}

    async def cmd_to_device(self):
        """Types and senders of the to-device messages received."""
        return {"messages": self.to_device}

    # -- rooms -----------------------------------------------------------------

    async def cmd_create_room(self, name=None, invite=(), encrypted=True, is_direct=False,
                              preset="private_chat"):
        """Make a room."""
        state = []
        if encrypted:
            state.append({"type": "m.room.encryption", "state_key": "",
                          "content": {"algorithm": "m.megolm.v1.aes-sha2"}})
        from nio import RoomPreset
        answer = self._check(await self.client.room_create(
            name=name, invite=list(invite), is_direct=is_direct, preset=RoomPreset(preset),
            initial_state=state))
        # A sync may show a room before all of what it was made with: written then, nothing would be encrypted.
        await self._until(lambda: answer.room_id in self.client.rooms and
                          (not encrypted or self.client.rooms[answer.room_id].encrypted))
        return {"room_id": answer.room_id}

    async def cmd_join(self, room_id):
        """Join and wait until the room is in the sync."""
        answer = self._check(await self.client.join(room_id))
        await self._until(lambda: answer.room_id in self.client.rooms)
        return {"room_id": answer.room_id}

    async def cmd_leave(self, room_id):
        """Leave a room."""
        self._check(await self.client.room_leave(room_id))
        return {}

    async def cmd_invite(self, room_id, user_id):
        """Invite someone."""
        self._check(await self.client.room_invite(room_id, user_id))
        return {}

    async def _until(self, condition, timeout=20):
        if not (self.syncer and not self.syncer.done()):
            for _ in range(10):
                if condition():
                    return
                await self.cmd_sync_once(timeout_ms=1000)
            raise Failure("the sync never showed it")
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise Failure("the sync never showed it")
            async with self.changed:
                try:
                    await asyncio.wait_for(self.changed.wait(), 1.0)
                except asyncio.TimeoutError:
                    pass

    # -- sending ---------------------------------------------------------------

    async def cmd_send(self, room_id, type, content):
        """Send any event; encrypted when the room is (reactions never are)."""
        await self._until(lambda: room_id in self.client.rooms)
        answer = self._check(await self.client.room_send(
            room_id, type, content, ignore_unverified_devices=True))
        return {"event_id": answer.event_id}

    async def cmd_send_text(self, room_id, body, msgtype="m.text", reply_to=None, thread=None,
                            replaces=None, mentions=None):
        """Send text; a reply, in a thread, or an edit when told."""
        content = {"msgtype": msgtype, "body": body}
        if mentions:
            content["m.mentions"] = {"user_ids": mentions}
        if thread:
            content["m.relates_to"] = {"rel_type": "m.thread", "event_id": thread,
                                       "is_falling_back": not reply_to,
                                       "m.in_reply_to": {"event_id": reply_to or thread}}
        elif reply_to:
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": reply_to}}
        elif replaces:
            content = {"msgtype": msgtype, "body": "* " + body,
                       "m.new_content": {"msgtype": msgtype, "body": body},
                       "m.relates_to": {"rel_type": "m.replace", "event_id": replaces}}
        return await self.cmd_send(room_id, "m.room.message", content)

    async def cmd_react(self, room_id, event_id, key):
        """React to an event."""
        return await self.cmd_send(room_id, "m.reaction", {"m.relates_to": {
            "rel_type": "m.annotation", "event_id": event_id, "key": key}})

    async def cmd_redact(self, room_id, event_id, reason=None):
        """Redact an event."""
        answer = self._check(await self.client.room_redact(room_id, event_id, reason))
        return {"event_id": answer.event_id}

    async def cmd_send_file(self, room_id, name, data, mimetype="application/octet-stream",
                            msgtype="m.file"):
        """Send a file; `data` is base64. Encrypted when the room is."""
        raw = base64.b64decode(data)
        await self._until(lambda: room_id in self.client.rooms)
        encrypted = self.client.rooms[room_id].encrypted
        answer, keys = await self.client.upload(io.BytesIO(raw), content_type=mimetype,
                                                filename=name, encrypt=encrypted,
                                                filesize=len(raw))
        self._check(answer)
        content = {"msgtype": msgtype, "body": name, "filename": name,
                   "info": {"size": len(raw), "mimetype": mimetype}}
        if encrypted:
            content["file"] = {"url": answer.content_uri, "key": keys["key"], "iv": keys["iv"],
                               "hashes": keys["hashes"], "v": keys["v"]}
        else:
            content["url"] = answer.content_uri
        return await self.cmd_send(room_id, "m.room.message", content)

    async def cmd_download(self, event_id):
        """The bytes (base64) of a file event, decrypted."""
        content = self.index[event_id]["content"]
        file = content.get("file")
        answer = self._check(await self.client.download(file["url"] if file else content["url"]))
        body = answer.body
        if file:
            body = decrypt_attachment(body, file["key"]["k"], file["hashes"]["sha256"], file["iv"])
        return {"data": base64.b64encode(body).decode(), "mimetype": answer.content_type}

    async def cmd_read(self, room_id, event_id):
        """Send a public read receipt."""
        self._check(await self.client.room_read_markers(room_id, event_id, event_id))
        return {}

    async def cmd_typing(self, room_id, typing=True):
        """Say that this user types."""
        self._check(await self.client.room_typing(room_id, typing))
        return {}

    # -- keys ------------------------------------------------------------------

    async def cmd_discard_session(self, room_id):
        """Forget the outbound group session: the next message makes and shares a new one."""
        self.client.invalidate_outbound_session(room_id)
        return {}

    async def cmd_devices(self, user_id):
        """Devices this client knows of a user."""
        if self.client.olm:
            self.client.olm.users_for_key_query.add(user_id)
            await self.client.keys_query()
        known = self.client.device_store[user_id]
        return {"devices": [{"device_id": device.id, "ed25519": device.ed25519,
                             "curve25519": device.curve25519, "display_name": device.display_name,
                             "verified": device.verified, "deleted": device.deleted}
                            for device in known.values()]}

    async def cmd_verify_device(self, user_id, device_id):
        """Mark a device as verified by hand."""
        self.client.verify_device(self.client.device_store[user_id][device_id])
        return {}

    async def cmd_export_keys(self, path, passphrase):
        """Write the inbound group sessions to a file, as clients do."""
        await self.client.export_keys(path, passphrase)
        return {}

    async def cmd_import_keys(self, path, passphrase):
        """Read group sessions from a file, then try again what was not decrypted."""
        await self.client.import_keys(path, passphrase)
        await self._retry_pending()
        return {"undecrypted": len(self.pending)}

    async def cmd_export_state(self):
        """Who this client is and which rooms it sees."""
        client = self.client
        keys = client.olm.account.identity_keys if client.olm else {}
        return {
            "user_id": client.user_id,
            "device_id": client.device_id,
            "access_token": client.access_token,
            "next_batch": client.next_batch,
            "ed25519": keys.get("ed25519") if hasattr(keys, "get") else None,
            "curve25519": keys.get("curve25519") if hasattr(keys, "get") else None,
            "sync_error": self.sync_error,
            "undecrypted": len(self.pending),
            "invited": sorted(client.invited_rooms),
            "rooms": {room_id: {"name": room.name, "encrypted": room.encrypted,
                                "members": sorted(room.users), "topic": room.topic}
                      for room_id, room in client.rooms.items()},
        }

    # -- the loop --------------------------------------------------------------

    @staticmethod
    def _check(answer):
        if isinstance(answer, ErrorResponse):
            raise Failure(f"{type(answer).__name__}: {answer.status_code} {answer.message}")
        return answer

    async def run_command(self, message, write):
        try:
            method = getattr(self, "cmd_" + str(message.get("cmd")), None)
            if method is None:
                raise Failure(f"no command {message.get('cmd')!r}")
            if self.client is None and message["cmd"] != "login":
                raise Failure("log in first")
            result = await method(**message.get("args", {}))
            write({"id": message.get("id"), "ok": True, "result": result})
        except Failure as error:
            write({"id": message.get("id"), "ok": False, "error": str(error)})
        except Exception as error:
            write({"id": message.get("id"), "ok": False,
                   "error": f"{type(error).__name__}: {error}",
                   "trace": traceback.format_exc()})

    async def main(self):
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=256 * 1024 * 1024)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

        def write(answer):
            sys.stdout.write(json.dumps(answer, ensure_ascii=True) + "\n")
            sys.stdout.flush()

        running = set()
        write({"id": 0, "ok": True, "result": "ready"})
        while True:
            line = await reader.readline()
            if not line:
                break
            if not line.strip():
                continue
            task = asyncio.create_task(self.run_command(json.loads(line), write))
            running.add(task)
            task.add_done_callback(running.discard)
        await self.cmd_stop_sync()
        if self.client:
            await self.client.close()


if __name__ == "__main__":
    asyncio.run(Driver().main())
