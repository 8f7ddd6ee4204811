// Package onepassword plays a 1Password Connect server: the vaults and items of its REST API
// (https://developer.1password.com/docs/connect/api-reference/), held in memory. Every accepted token reaches every
// vault and may write; there are no files and no log of activity, and who asks for them is told so.
package onepassword
