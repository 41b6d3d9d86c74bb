"""Blocks of Gradio with the state of a session, in a FastAPI app."""

import gradio as gr
from fastapi import FastAPI


def greet(name: str, calls: int) -> tuple[str, int]:
    return f"Hello {name}, call {calls + 1}", calls + 1


with gr.Blocks(title="Gradio") as blocks:
    calls = gr.State(0)
    name = gr.Textbox(label="Name")
    greeting = gr.Textbox(label="Greeting")
    gr.Button("Greet").click(greet, [name, calls], [greeting, calls])

app = gr.mount_gradio_app(FastAPI(), blocks, path="/")
