/* Models of a few tensors, and requests over them. */
#pragma once

#include "checkpoint_tensors.h"

#include "resolve/resolve.h"

#include <check.h>

/* Three layers, one of them the tenth; the convolution and the head are no linear modules of the base. */
#define DENSE(dtype)                                                                               \
	"model.embed_tokens.weight " dtype " 1000,256;lm_head.weight " dtype " 1000,256;"          \
	"model.norm.weight " dtype " 256;model.layers.0.linear_attn.conv1d.weight " dtype          \
	" 64,1,4;"                                                                                 \
	"model.layers.0.self_attn.q_proj.weight " dtype " 128,256;"                                \
	"model.layers.1.self_attn.q_proj.weight " dtype " 128,256;"                                \
	"model.layers.10.self_attn.q_proj.weight " dtype " 128,256;"                               \
	"model.layers.0.mlp.down_proj.weight " dtype " 256,192;"                                   \
	"model.layers.1.mlp.down_proj.weight " dtype " 256,192;"                                   \
	"model.layers.10.mlp.down_proj.weight " dtype " 256,192"
#define OTHERS (2 * 2 * 256000 + 2 * 256 + 2 * 256)
#define Q 32768
#define DOWN 49152

#define FUSED                                                                                      \
	"model.layers.0.mlp.experts.gate_up_proj BF16 4,256,512;"                                  \
	"model.layers.0.mlp.experts.gate_up_proj_bias BF16 4,512;"                                 \
	"model.layers.0.mlp.router.weight BF16 4,256;"                                             \
	"model.layers.0.self_attn.q_proj.weight BF16 128,256"
#define FUSED_EXPERTS (4 * 256 * 512)
#define ROUTER (2 * 4 * 256)
#define FUSED_BIAS (2 * 4 * 512)
#define NF4_Q (Q / 2 + Q / 64 * 8.125 / 8)

#define SINGLE                                                                                     \
	"model.layers.0.mlp.experts.0.up_proj.weight BF16 64,256;"                                 \
	"model.layers.0.mlp.experts.1.up_proj.weight BF16 64,256;"                                 \
	"model.layers.0.mlp.experts.2.up_proj.weight BF16 64,256;"                                 \
	"model.layers.0.mlp.experts.11.up_proj.weight BF16 64,256"
#define EXPERT (64 * 256)
#define NF4_EXPERT (EXPERT / 2 + EXPERT / 64 * 8.125 / 8)

#define FP8                                                                                        \
	"model.layers.0.mlp.up_proj.weight F8_E4M3 128,256;"                                       \
	"model.layers.0.mlp.up_proj.weight_scale_inv F32 1,2;model.norm.weight F32 64"

#define LORA "adapter: lora\n"
#define NF4 LORA "model_quantization_config: {bnb: {weight_dtype: nf4}}\n"
#define INT8 LORA "model_quantization_config: {bnb: {weight_dtype: int8}}\n"
#define TORCHAO(rest) LORA "model_quantization_config: {torchao: {" rest "}}\n"
#define KWARGS(rest) NF4 "bnb_config_kwargs: {" rest "}\n"
#define EXPERTS "quantize_moe_experts: true\n"
#define PLAIN "{\"model_type\":\"llama\"}"
#define MODEL(type) "{\"model_type\":\"" type "\"}"
#define QUANTIZED_FP8                                                                              \
	"{\"model_type\":\"llama\",\"quantization_config\":{\"quant_method\":\"fp8\"}}"

/* A request over a model with these tensors. */
const struct resolution *resolved(const char *config, const char *tensors, const char *yaml);
bool has(const struct resolution *resolution, const char *id);

TCase *case_findings(void);
