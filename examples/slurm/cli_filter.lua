-- Slurm: refuses `sbatch train.sbatch config.yaml` at once when the config is rejected, and tells the user why.
-- Copy it beside slurm.conf on the machines where jobs are submitted, and write into slurm.conf
--
--   CliFilterPlugins=cli_filter/lua
--
-- It runs inside sbatch, as the user, so it reads what the user reads and speaks on the user's terminal. (job_submit.lua
-- would run in slurmctld, which waits for it with its locks held and may not see the user's files.) It is a courtesy, no
-- gate: train.sbatch checks again where the job runs.

-- The offline command needs no network and takes about a millisecond. `--hf-cache /srv/hub`, where that is the jobs' hub
-- cache, has it look at the checkpoints, too; they may hang with their file system, hence the timeout.
local command = "timeout 10 quantconf resolve --output text --quiet"

local function quoted(word)
	return "'" .. word:gsub("'", "'\\''") .. "'"
end

-- The config is the first word after the script that looks like one.
local function config_of(words)
	for place, word in ipairs(words or {}) do
		if place > 1 and (word:match("%.yaml$") or word:match("%.yml$")) then
			return word
		end
	end
end

-- What is said of the config, and the exit status: 0 accepted, 1 rejected, anything else: it could not be checked.
local function check(folder, config)
	local line = "cd " .. quoted(folder) .. " && " .. command .. " -- " .. quoted(config) .. " 2>&1; echo $?"
	local pipe = io.popen(line)
	local said, status = pipe:read("*a"):match("^(.-)(%d+)%s*$")
	pipe:close()
	return said, tonumber(status)
end

function slurm_cli_pre_submit(options, pack_offset)
	local config = options.type == "sbatch" and config_of(options.argv)
	if not config then
		return slurm.SUCCESS
	end
	local said, status = check(options.chdir or ".", config)
	if status == 1 then
		io.stderr:write(said)
		return slurm.ERROR
	end
	if status ~= 0 then
		-- A job is not lost for want of the checker.
		io.stderr:write("sbatch: ", config, " was not checked: ", said)
	end
	return slurm.SUCCESS
end

-- Slurm wants these, too.
function slurm_cli_setup_defaults(options, early_pass)
	return slurm.SUCCESS
end

function slurm_cli_post_submit(offset, job_id, step_id)
	return slurm.SUCCESS
end
