-- Neovim 0.11: the schema of quantconfd for Axolotl configs.
vim.lsp.config("yamlls", {
  settings = {
    yaml = {
      schemas = {
        ["http://127.0.0.1:8642/v1/schema"] = { "configs/**/*.yaml", "configs/**/*.yml" },
      },
    },
  },
})
vim.lsp.enable("yamlls")
