/* What the files of one inspection share about a model's tensors. Not for other floors. */
#pragma once

#include "checkpoint/exclusions/exclusions.h"
#include "checkpoint/inspector.h"
#include "checkpoint/weights/storage_layouts.h"
#include "checkpoint/weights/weights.h"

struct module {
	struct text name;
	enum role role;
	bool weighed;     /* has weights, not only scales or a bias */
	uint32_t tensors; /* index plus one of the latest; their `next` leads on */
	const struct storage_layout *layout; /* NULL: its weights are stored as they were trained */
	struct measure measure;
};

struct survey {
	struct inspector *inspector;
	struct weights *weights;
	struct tensors tensors;
	struct module *modules;
	size_t module_count;
	uint32_t *table; /* open, 2^n slots: index of a module plus one */
	size_t mask;
	struct role_finder roles;
	struct declaration declaration;
	bool packed; /* any module is stored quantized, as far as its tensors tell */
	const unsigned char *verdicts; /* enum exclusion_verdict of each module; NULL: not known */
};

enum exclusion_verdict survey_verdict(const struct survey *survey, size_t module);
/* The module's tensors by their parts. */
void survey_stored(
	const struct survey *survey, const struct module *module, struct stored *ret_stored);

/* By its name a linear module, and one that every tool quantizes unless it is told not to. */
bool is_projection(struct text module);

/*
 * Holds each module's tensors against what the block declares; sets agrees_with_declaration, and reports
 * what disagrees.
 */
void weights_compare(struct survey *survey);
/* A checkpoint that declares nothing, and packs all modules of a role, is quantized all the same: whatever is quantized
 * over it takes what is packed for weights. */
void weights_take_undeclared(struct survey *survey);
/* Gathers the weights that a loader may quantize in classes. */
void weights_classify(struct survey *survey);
