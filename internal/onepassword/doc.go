// Package onepassword is the part of 1Password's Pulumi provider that this
// project uses: the provider, two of its functions and its item. Names and types
// are those of the provider's own Go SDK
// (https://github.com/1Password/pulumi-onepassword), which no module proxy
// serves; where it can be had, it takes this package's place.
package onepassword
