"""Fills a room of a homeserver that is stopped with events as the homeserver itself would have made and stored them.

Run by seed-room.ts; one JSON object on stdin (see `main`), prints one line of JSON with what was written. Events get
their content hash, signature and reference hash from Synapse's own code; rows go to the same tables as in
`PersistEventsStore._persist_events_txn` (Synapse 1.163), but not those of search and of push actions: nothing is unread.
"""

import io
import json
import random
import sys
import time
from pathlib import Path

import psycopg2
import yaml
from signedjson.key import read_signing_keys
from synapse.api.room_versions import KNOWN_ROOM_VERSIONS
from synapse.crypto.event_signing import add_hashes_and_signatures, compute_event_reference_hash
from synapse.events import make_event_from_dict

DAY_MS = 86_400_000
# Groups of state refer to the one before them; after so many one has all of it.
DELTAS = 50
ZH = (
    "我们 今天 下午 三点 在 会议室 讨论 第二季度 的 采购 计划 请 各位 提前 准备 材料 客户 反馈 说 交付 时间 可以 再 提早 一周 "
    "财务 部门 需要 确认 预算 之后 才能 签字 这个 问题 已经 解决 了 但是 还要 观察 几天 谢谢 大家 辛苦 收到 好的 明白 没问题 "
    "周末 仓库 盘点 安排 在 周六 上午 系统 升级 期间 暂停 服务 供应商 发来 新的 报价单 合同 文本 法务 正在 审核"
).split()
EN = (
    "the supplier has sent a new quote and we should compare it with last quarter before the review on Thursday please "
    "have look at this draft when you find time deployment went fine but one test was flaky again so I will watch it "
    "could somebody check invoice numbers thanks everyone done for today meeting moved to room four budget approved"
).split()
KEYS = ["👍", "🎉", "❤️", "👀", "收到", "✅"]
CODE = "for (const order of orders) {\n  if (order.total > limit) notify(order.owner);\n}"


class Copy:
    """Rows of one table in the text format of COPY."""

    def __init__(self, table: str, columns: str) -> None:
        self.table, self.columns, self.rows = table, columns, io.StringIO()

    def add(self, *values: object) -> None:
        self.rows.write("\t".join(self.text(value) for value in values) + "\n")

    @staticmethod
    def text(value: object) -> str:
        if value is None:
            return "\\N"
        if isinstance(value, bool):
            return "t" if value else "f"
        return (
            str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
        )

    def write(self, cursor) -> None:
        self.rows.seek(0)
        cursor.copy_expert(f"COPY {self.table} ({self.columns}) FROM STDIN", self.rows)


class Talk:
    """What people say, in the order in which they say it; the same for the same seed."""

    def __init__(self, seed: int, people: list[str], pictures: list[dict], runs: dict[int, int]) -> None:
        self.random = random.Random(seed)
        self.people, self.pictures, self.runs = people, pictures, runs
        self.recent: list[tuple[str, str, str]] = []
        self.reacted: set[tuple[str, str, str]] = set()
        self.hidden = 0
        self.topics = 0
        self.sender = people[0]

    def text(self) -> str:
        chance = self.random
        words = chance.choices([3, 12, 40, 160], weights=[45, 38, 14, 3])[0]
        words = chance.randint(max(1, words // 2), words)
        if chance.random() < 0.62:
            parts = [chance.choice(ZH) + ("，" if chance.random() < 0.12 else "") for _ in range(words)]
            text = "".join(parts).strip("，") + "。"
        else:
            text = " ".join(chance.choice(EN) for _ in range(words)).capitalize() + "."
        if chance.random() < 0.06:
            text += "\n\n" + self.text()
        if chance.random() < 0.01:
            text += f" https://example.org/{chance.randint(1, 9999)}"
        return text

    def reaction(self) -> tuple[str, str, dict] | None:
        for _ in range(20):
            target, _, _ = self.random.choice(self.recent)
            sender, key = self.random.choice(self.people), self.random.choice(KEYS)
            if (target, sender, key) not in self.reacted:
                self.reacted.add((target, sender, key))
                relation = {"rel_type": "m.annotation", "event_id": target, "key": key}
                return sender, "m.reaction", {"m.relates_to": relation}
        return None

    def edit(self) -> tuple[str, str, dict]:
        target, sender, body = self.random.choice(self.recent)
        new = {"msgtype": "m.text", "body": f"{body} {self.random.choice(ZH)}"}
        relation = {"rel_type": "m.replace", "event_id": target}
        return sender, "m.room.message", {**new, "body": f"* {new['body']}", "m.new_content": new, "m.relates_to": relation}

    def message(self) -> tuple[str, str, dict]:
        chance = self.random
        if chance.random() < 0.55:
            self.sender = chance.choice(self.people)
        kind = chance.random()
        if kind < 0.015 and self.pictures:
            return self.sender, "m.room.message", dict(chance.choice(self.pictures))
        body = self.text()
        content = {"msgtype": "m.text", "body": body}
        if kind < 0.03:
            content["body"] = f"{body}\n{CODE}"
            content["format"] = "org.matrix.custom.html"
            content["formatted_body"] = f"<p>{body}</p><pre><code>{CODE.replace('>', '&gt;')}</code></pre>"
        elif kind < 0.09 and self.recent:
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": chance.choice(self.recent)[0]}}
        return self.sender, "m.room.message", content

    def next(self, at: int) -> tuple[str, str, dict, str | None]:
        """Sender, type, content, state key of the event number `at`."""
        chance = self.random
        self.hidden = max(self.hidden - 1, self.runs.get(at, 0))
        kind = chance.random()
        if self.recent:
            if self.hidden > 0 or kind < 0.13:
                made = (None if kind < 0.04 else self.reaction()) or self.edit()
                return (*made, None)
            if kind < 0.15:
                return self.people[0], "com.example.counter", {"at": at}, ""
            if kind < 0.153 or (self.topics > 0 and chance.random() < 0.7):
                self.topics = self.topics - 1 if self.topics > 0 else 3
                return self.people[0], "m.room.topic", {"topic": self.text()[:80]}, ""
        return (*self.message(), None)

    def said(self, event_id: str, sender: str, type_: str, content: dict) -> None:
        if type_ == "m.room.message" and "m.new_content" not in content and content["msgtype"] == "m.text":
            self.recent = [*self.recent[-40:], (event_id, sender, content["body"])]


def main() -> None:
    task = json.load(sys.stdin)
    settings = yaml.safe_load(Path(task["homeserver"]).read_text())
    server = settings["server_name"]
    [key] = read_signing_keys(Path(settings["signing_key_path"]).read_text().splitlines())
    room = task["room"]
    database = psycopg2.connect(
        **{name: settings["database"]["args"][name] for name in ("host", "port", "user", "password", "dbname")}
    )
    cursor = database.cursor()

    def one(sql: str, *args: object):
        cursor.execute(sql, args)
        return cursor.fetchone()[0]

    version = KNOWN_ROOM_VERSIONS[one("SELECT room_version FROM rooms WHERE room_id = %s", room)]
    previous = one("SELECT event_id FROM event_forward_extremities WHERE room_id = %s", room)
    depth = one("SELECT depth FROM events WHERE event_id = %s", previous)
    group = one("SELECT state_group FROM event_to_state_groups WHERE event_id = %s", previous)
    stream = one("SELECT last_value FROM events_stream_seq")
    groups = one("SELECT last_value FROM state_group_id_seq")
    chains = one("SELECT last_value FROM event_auth_chain_id")
    there = one("SELECT count(*) FROM events WHERE room_id = %s", room)
    cursor.execute("SELECT type, state_key, event_id FROM current_state_events WHERE room_id = %s", (room,))
    state = {(type_, state_key): event_id for type_, state_key, event_id in cursor.fetchall()}
    cursor.execute(
        "SELECT c.event_id, c.chain_id, c.sequence_number FROM event_auth_chains c JOIN events e USING (event_id) "
        "WHERE e.room_id = %s",
        (room,),
    )
    chain_of = {event_id: (chain, number) for event_id, chain, number in cursor.fetchall()}
    create, power = state["m.room.create", ""], state["m.room.power_levels", ""]

    events = Copy(
        "events",
        "topological_ordering, event_id, type, room_id, processed, outlier, depth, origin_server_ts, received_ts, sender, "
        "contains_url, instance_name, stream_ordering, state_key",
    )
    jsons = Copy("event_json", "event_id, room_id, internal_metadata, json, format_version")
    edges = Copy("event_edges", "event_id, prev_event_id, is_state")
    mappings = Copy("event_to_state_groups", "event_id, state_group")
    relations = Copy("event_relations", "event_id, relates_to_id, relation_type, aggregation_key")
    states = Copy("state_events", "event_id, room_id, type, state_key")
    state_groups = Copy("state_groups", "id, room_id, event_id")
    group_edges = Copy("state_group_edges", "state_group, prev_state_group")
    group_states = Copy("state_groups_state", "state_group, room_id, type, state_key, event_id")
    auths = Copy("event_auth", "event_id, auth_id, room_id")
    auth_chains = Copy("event_auth_chains", "event_id, chain_id, sequence_number")
    chain_links = Copy(
        "event_auth_chain_links",
        "origin_chain_id, origin_sequence_number, target_chain_id, target_sequence_number",
    )
    deltas = Copy(
        "current_state_delta_stream", "stream_id, room_id, type, state_key, event_id, prev_event_id, instance_name"
    )

    count = task["events"] - there
    now = int(time.time() * 1000)
    began = now - task["days"] * DAY_MS
    step = (now - 60_000 - began) / count
    runs = {int(at): length for at, length in task["runs"].items()}
    talk = Talk(task["seed"], task["people"], task["pictures"], runs)
    ids: list[str] = []
    changed: dict[tuple[str, str], tuple[str, int]] = {}
    for at in range(count):
        sender, type_, content, state_key = talk.next(at)
        depth += 1
        stream += 1
        ts = int(began + at * step)
        auth = [state["m.room.member", sender], power]
        pdu = {
            "auth_events": auth,
            "content": content,
            "depth": depth,
            "origin_server_ts": ts,
            "prev_events": [previous],
            "room_id": room,
            "sender": sender,
            "type": type_,
        }
        unsigned: dict[str, object] = {"age_ts": ts}
        if state_key is not None:
            pdu["state_key"] = state_key
            if (type_, state_key) in state:
                unsigned["replaces_state"] = state[type_, state_key]
        add_hashes_and_signatures(version, pdu, server, key)
        event = make_event_from_dict({**pdu, "unsigned": unsigned}, version)
        event_id = event.event_id
        if at < 3:
            # Said once more by the function that checks what comes from other servers.
            from unpaddedbase64 import encode_base64

            assert event_id == "$" + encode_base64(compute_event_reference_hash(event)[1], urlsafe=True)
        url = isinstance(content.get("url"), str)
        events.add(
            depth, event_id, type_, room, True, False, depth, ts, ts, sender, url, "master", stream, state_key
        )
        jsons.add(event_id, room, "{}", json.dumps({**pdu, "unsigned": unsigned}), event.format_version)
        edges.add(event_id, previous, False)
        relation = content.get("m.relates_to", {})
        if "rel_type" in relation:
            relations.add(event_id, relation["event_id"], relation["rel_type"], relation.get("key"))
        if state_key is not None:
            states.add(event_id, room, type_, state_key)
            for target in [*auth, create]:
                auths.add(event_id, target, room)
            chains += 1
            auth_chains.add(event_id, chains, 1)
            for chain, number in {chain_of[target] for target in auth}:
                chain_links.add(chains, 1, chain, number)
            deltas.add(stream, room, type_, state_key, event_id, state.get((type_, state_key)), "master")
            state[type_, state_key] = event_id
            changed[type_, state_key] = (event_id, stream)
            groups += 1
            state_groups.add(groups, room, event_id)
            if groups % DELTAS == 0:
                for (each, key_), state_id in state.items():
                    group_states.add(groups, room, each, key_, state_id)
            else:
                group_edges.add(groups, group)
                group_states.add(groups, room, type_, state_key, event_id)
            group = groups
        mappings.add(event_id, group)
        talk.said(event_id, sender, type_, content)
        ids.append(event_id)
        previous = event_id

    for table in (
        events, jsons, edges, mappings, relations, states, state_groups, group_edges, group_states, auths, auth_chains,
        chain_links, deltas,
    ):  # fmt: skip
        table.write(cursor)
    cursor.execute("DELETE FROM event_forward_extremities WHERE room_id = %s", (room,))
    cursor.execute("INSERT INTO event_forward_extremities (event_id, room_id) VALUES (%s, %s)", (previous, room))
    cursor.execute(
        "INSERT INTO stream_ordering_to_exterm (stream_ordering, room_id, event_id) VALUES (%s, %s, %s)",
        (stream, room, previous),
    )
    for (type_, state_key), (event_id, ordering) in changed.items():
        cursor.execute(
            "DELETE FROM current_state_events WHERE room_id = %s AND type = %s AND state_key = %s",
            (room, type_, state_key),
        )
        cursor.execute(
            "INSERT INTO current_state_events (event_id, room_id, type, state_key, event_stream_ordering) "
            "VALUES (%s, %s, %s, %s, %s)",
            (event_id, room, type_, state_key, ordering),
        )
    cursor.execute(
        "UPDATE sliding_sync_joined_rooms SET event_stream_ordering = %s, bump_stamp = %s WHERE room_id = %s",
        (stream, stream, room),
    )
    # Followers of the stream have nothing to do with these events: no appservice is in the room, no other server.
    for table, column, where in (
        ("stream_positions", "stream_id", "stream_name = 'events'"),
        ("federation_stream_position", "stream_id", "type = 'events'"),
        ("appservice_stream_position", "stream_ordering", "true"),
        ("stats_incremental_position", "stream_id", "true"),
        ("user_directory_stream_pos", "stream_id", "true"),
    ):
        cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {where}", (stream,))
    for sequence, value in (
        ("events_stream_seq", stream), ("state_group_id_seq", groups), ("event_auth_chain_id", chains),
    ):  # fmt: skip
        cursor.execute("SELECT setval(%s, %s)", (sequence, value))
    database.commit()
    # As after any load of so many rows: else the planner takes the tables for empty.
    database.autocommit = True
    cursor.execute("ANALYZE")
    Path(task["ids"]).write_text("\n".join(ids))
    print(json.dumps({"events": there + count, "first": ids[0], "last": previous, "began": began}))


main()
