// A client as it is written against the types that openapi-typescript makes of the description: tests/openapi-types
// compiles it, and compiles no more than this. Nothing here runs.
import type { components, paths } from "./quantconf";

type Schemas = components["schemas"];
type Resolution = Schemas["Resolution"];
type Json<reply> = reply extends { content: { "application/json": infer body } } ? body : never;

const text: Schemas["Envelope"] = { config: "adapter: lora\n", options: { filename: "a.yaml", include: ["migrated"] } };
const object: Schemas["Envelope"] = {
	config: { adapter: "qlora", load_in_4bit: true, lora_target_modules: ["q_proj"] },
	checkpoint: { model_type: "llama", quantization_config: { quant_method: "gptq", bits: 4 } },
};
const bare: Schemas["EnvelopeOrConfig"] = { adapter: "lora", datasets: [{ path: "tatsu-lab/alpaca" }] };
const batch: paths["/v1/batch"]["post"]["requestBody"]["content"]["application/json"] = [text, object, bare];
const checkpoint: paths["/v1/inspect"]["post"]["requestBody"]["content"]["application/json"] = { model_type: "llama" };
// @ts-expect-error: a target that there is not
const wrong: Schemas["Options"] = { target: "nested" };

function rank(resolution: Resolution): number {
	const rank: unknown = resolution.canonical?.["lora_r"];
	return typeof rank === "number" ? rank : 0;
}

function installed(resolution: Resolution): unknown {
	const installs = resolution.effective?.quantization.installs;
	if (!installs) return null;
	return "quant_type" in installs ? installs.quant_type.kwargs["group_size"] : installs.kwargs["load_in_4bit"];
}

function places(resolution: Resolution): string[] {
	return resolution.errors.map((e) => `${resolution.filename ?? ""}:${e.locations[0]?.line}: ${e.message} [${e.rule}]`);
}

function results(reply: Json<paths["/v1/batch"]["post"]["responses"][200]>): string[] {
	return reply.results.map((item) => (typeof item.status === "number" ? item.title : item.status));
}

function levels(log: Schemas["Sarif"]): unknown[] {
	return log.runs.flatMap((run) => run.results.map((result) => result["level"]));
}

function keys(schema: Json<paths["/v1/schema"]["get"]["responses"][200]>): string[] {
	return Object.keys(schema.properties);
}

export { batch, checkpoint, installed, keys, levels, places, rank, results, wrong };
