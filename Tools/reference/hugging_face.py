"""The same CLIP model in the form of Hugging Face's `CLIPModel`.

SPDX-License-Identifier: MIT
"""

import torch

from reference.clip_models import contiguous

# open_clip's name inside a block -> CLIPModel's name inside a layer.
BLOCK_NAMES = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}


def _tower(state: dict, source: str, target: str) -> dict:
    """One tower's blocks; the joint query-key-value projection becomes three."""
    result = {}
    for name, tensor in state.items():
        if not name.startswith(f"{source}resblocks."):
            continue
        number, rest = name.removeprefix(f"{source}resblocks.").split(".", 1)
        layer = f"{target}encoder.layers.{number}."
        module, kind = rest.rsplit(".", 1)
        if module == "attn":  # in_proj_weight, in_proj_bias
            kind = kind.removeprefix("in_proj_")
            for part, piece in zip("qkv", tensor.chunk(3)):
                result[f"{layer}self_attn.{part}_proj.{kind}"] = piece
        else:
            result[f"{layer}{BLOCK_NAMES[module]}.{kind}"] = tensor
    return result


def renamed(state: dict, context_length: int) -> dict:
    """open_clip's state dict under CLIPModel's names, and the index buffers of OpenAI's files."""
    result = _tower(state, "visual.transformer.", "vision_model.")
    result |= _tower(state, "transformer.", "text_model.")
    for source, target in [
        ("visual.ln_pre", "vision_model.pre_layrnorm"),  # spelt so in transformers
        ("visual.ln_post", "vision_model.post_layernorm"),
        ("ln_final", "text_model.final_layer_norm"),
    ]:
        for kind in ("weight", "bias"):
            result[f"{target}.{kind}"] = state[f"{source}.{kind}"]
    vision, text = "vision_model.embeddings.", "text_model.embeddings."
    result[f"{vision}class_embedding"] = state["visual.class_embedding"]
    result[f"{vision}patch_embedding.weight"] = state["visual.conv1.weight"]
    result[f"{vision}position_embedding.weight"] = state["visual.positional_embedding"]
    result[f"{text}token_embedding.weight"] = state["token_embedding.weight"]
    result[f"{text}position_embedding.weight"] = state["positional_embedding"]
    result["visual_projection.weight"] = state["visual.proj"].T
    result["text_projection.weight"] = state["text_projection"].T
    result["logit_scale"] = state["logit_scale"]
    count = len(state["visual.positional_embedding"])
    result[f"{vision}position_ids"] = torch.arange(count)[None]
    result[f"{text}position_ids"] = torch.arange(context_length)[None]
    return contiguous(result)


def configuration(config: dict) -> dict:
    """CLIPModel's `config.json` for open_clip's configuration."""
    vision, text = config["vision_cfg"], config["text_cfg"]
    activation = "quick_gelu" if config.get("quick_gelu") else "gelu"
    last = text["vocab_size"] - 1
    return {
        "architectures": ["CLIPModel"],
        "model_type": "clip",
        "projection_dim": config["embed_dim"],
        "logit_scale_init_value": 2.6592,
        "vision_config": {
            "model_type": "clip_vision_model",
            "hidden_act": activation,
            "hidden_size": vision["width"],
            "image_size": vision["image_size"],
            "intermediate_size": int(vision["width"] * vision.get("mlp_ratio", 4.0)),
            "layer_norm_eps": 1e-5,
            "num_attention_heads": vision["width"] // vision.get("head_width", 64),
            "num_channels": 3,
            "num_hidden_layers": vision["layers"],
            "patch_size": vision["patch_size"],
            "projection_dim": config["embed_dim"],
        },
        "text_config": {
            "model_type": "clip_text_model",
            "bos_token_id": last - 1,
            "eos_token_id": last,
            "pad_token_id": 0,
            "hidden_act": activation,
            "hidden_size": text["width"],
            "intermediate_size": text["width"] * 4,
            "layer_norm_eps": 1e-5,
            "max_position_embeddings": text["context_length"],
            "num_attention_heads": text["heads"],
            "num_hidden_layers": text["layers"],
            "projection_dim": config["embed_dim"],
            "vocab_size": text["vocab_size"],
        },
    }


@torch.no_grad()
def to_hugging_face(config: dict, state: dict, stages: dict) -> tuple[dict, dict]:
    """Configuration and state dict for CLIPModel, after comparing its outputs with the stages."""
    from transformers import CLIPConfig, CLIPModel

    converted = configuration(config)
    model = CLIPModel(CLIPConfig(**converted)).eval()
    tensors = renamed(state, config["text_cfg"]["context_length"])
    loadable = {name: value for name, value in tensors.items() if "position_ids" not in name}
    model.load_state_dict(loadable)
    vision = model.vision_model(pixel_values=stages["pixels"])
    text = model.text_model(input_ids=stages["tokens"])
    for name, found in [
        ("features", vision.pooler_output),
        ("projected", model.visual_projection(vision.pooler_output)),
        ("text", model.text_projection(text.pooler_output)),
    ]:
        difference = (found - stages[name]).abs().max().item()
        if difference > 2e-5 * stages[name].abs().max().item():
            raise AssertionError(f"CLIPModel's {name} lies {difference} from open_clip's")
        print(f"  CLIPModel {name}: largest difference {difference:.2e}")
    return converted, tensors
