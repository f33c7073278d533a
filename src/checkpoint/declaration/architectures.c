/* What model types tell of modules. */
#include "checkpoint/inspector.h"

/*
 * transformers 5 merges the experts of these into one parameter for all of a layer, whatever the files hold: they are no
 * linear modules, so that bitsandbytes and torchao pass them by. Source: its conversion_mapping.py, for the latter half
 * the models' own classes.
 */
static const char *const fused[] = {
	"afmoe",
	"deepseek_v2",
	"deepseek_v3",
	"deepseek_v4",
	"dots1",
	"ernie4_5_moe",
	"ernie4_5_vl_moe",
	"exaone_moe",
	"flex_olmo",
	"glm4_moe",
	"glm4_moe_lite",
	"glm4v_moe",
	"glm_moe_dsa",
	"hunyuan_v1_moe",
	"hy_v3",
	"jamba",
	"laguna",
	"lfm2_moe",
	"longcat_flash",
	"minimax",
	"minimax_m2",
	"mixtral",
	"nemotron_h",
	"olmoe",
	"phimoe",
	"qwen2_moe",
	"qwen3_moe",
	"qwen3_next",
	"qwen3_omni_moe",
	"qwen3_omni_moe_thinker",
	"solar_open",

	"aria",
	"dbrx",
	"gpt_oss",
	"granitemoe",
	"granitemoehybrid",
	"granitemoeshared",
	"jetmoe",
	"llama4",
	"llama4_text",
	"qwen3_5_moe",
	"qwen3_5_moe_text",
	"qwen3_vl_moe",
	"qwen3_vl_moe_text",
};

bool architecture_fuses_experts(struct text model_type)
{
	for (size_t i = 0; i < sizeof(fused) / sizeof(fused[0]); i++)
		if (text_is(model_type, fused[i]))
			return true;
	return false;
}

/* Their linear modules are transformers' own Conv1D, which only its bitsandbytes knows. Source: the models' own classes. */
static const char *const conv1d[] = {
	"decision_transformer",
	"gpt2",
	"imagegpt",
	"openai-gpt",
};

bool architecture_has_conv1d(struct text model_type)
{
	for (size_t i = 0; i < sizeof(conv1d) / sizeof(conv1d[0]); i++)
		if (text_is(model_type, conv1d[i]))
			return true;
	return false;
}
