#!/usr/bin/env python3
"""Microseconds of processor time that the daemon spends on a whole request, over open connections: a config whose model
is kept beside one that looks at none. Daemon and client share a processor, so that nobody waits to be woken; both kinds
take turns, and the best round counts."""

import json
import os
import socket
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "http"))

from daemon import Daemon, read_reply  # noqa: E402

CONNECTIONS = 64
TURNS = 40
ROUNDS = 12
COMMIT = "0123456789abcdef0123456789abcdef01234567"
CONFIG = """base_model: org/model
datasets:
  - path: tatsu-lab/alpaca
    type: alpaca
dataset_prepared_path: last_run_prepared
val_set_size: 0.05
output_dir: ./outputs/out

adapter: lora
lora_r: 32
lora_alpha: 16
lora_dropout: 0.05
lora_target_modules: [gate_proj, down_proj, up_proj, q_proj, v_proj, k_proj, o_proj]

sequence_len: 4096
sample_packing: true
wandb_project:
wandb_entity:
wandb_watch:
wandb_name:
wandb_log_model:

gradient_accumulation_steps: 4
micro_batch_size: 2
num_epochs: 1
optimizer: adamw_bnb_8bit
lr_scheduler: cosine
learning_rate: 0.0002

bf16: auto
tf32: false
gradient_checkpointing: true
logging_steps: 1
flash_attention: true
warmup_steps: 10
evals_per_epoch: 4
saves_per_epoch: 1
weight_decay: 0.0
special_tokens:
  pad_token: "<|end_of_text|>"
"""


def checkpoint():
    entries = ["lm_head"] + [f"language_model.model.layers.{i // 4}.self_attn.q{i % 4}" for i in range(304)]
    weight = {"dtype": "fp4", "qscheme": "per_group", "group_size": 32, "scale_format": "e8m0"}
    block = {"quant_method": "quark", "global_quant_config": {"weight": weight}, "exclude": entries}
    return json.dumps({"model_type": "kimi_k2", "quantization_config": block})


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.utime(path, (0, 0))


def make_models(folder):
    write(f"{folder}/plain/org/model/config.json", checkpoint())
    model = f"{folder}/hub/models--org--model"
    write(f"{model}/refs/main", COMMIT)
    names = {"weight_map": {f"model.layers.{i}.self_attn.q_proj.weight": "model.safetensors" for i in range(40)}}
    for name, text in (("config.json", checkpoint()), ("model.safetensors.index.json", json.dumps(names))):
        write(f"{model}/blobs/{name}", text)
        link = f"{model}/snapshots/{COMMIT}/{name}"
        os.makedirs(os.path.dirname(link), exist_ok=True)
        os.symlink(f"../../blobs/{name}", link)


class Subject:
    """One kind of request over open connections of its own."""

    def __init__(self, daemon, query):
        self.daemon, self.best = daemon, float("inf")
        head = f"POST /v1/resolve{query} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/yaml\r\n"
        self.request = f"{head}Content-Length: {len(CONFIG)}\r\n\r\n{CONFIG}".encode()
        self.sockets = [socket.create_connection((daemon.host, daemon.port)) for _ in range(CONNECTIONS)]
        self.streams = [connection.makefile("rb") for connection in self.sockets]

    def nanoseconds(self):
        """Of all the daemon's threads, on a processor."""
        tasks = f"/proc/{self.daemon.process.pid}/task"
        total = 0
        for task in os.listdir(tasks):
            with open(f"{tasks}/{task}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
        return total

    def turn(self):
        for connection in self.sockets:
            connection.sendall(self.request)
        for stream in self.streams:
            reply = read_reply(stream)
            assert reply.status == 200, reply.body

    def round(self):
        before = self.nanoseconds()
        for _ in range(TURNS):
            self.turn()
        spent = (self.nanoseconds() - before) / (TURNS * CONNECTIONS) / 1000
        self.best = min(self.best, spent)


def compare(label, *options):
    """In one process: where the system put its memory makes a difference, too."""
    with Daemon("--workers", "1", "--log-level", "error", *options) as daemon:
        looking, alone = Subject(daemon, ""), Subject(daemon, "?checkpoint=none")
        for _ in range(ROUNDS):
            looking.round()
            alone.round()
    print(f"{label:62} {looking.best:8.1f} us {alone.best:8.1f} us {looking.best / alone.best:6.2f}")


def main():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        make_models(folder)
        compare("request, its model in the cache / no checkpoint", "--model-root", f"{folder}/plain")
        compare("the same, a hub cache with an index", "--hf-cache", f"{folder}/hub")


if __name__ == "__main__":
    main()
