// Package mergekeys spares kustomize most of what it does before its first patch. It reads the whole OpenAPI document of
// Kubernetes then, 2 MB with every path and parameter of the API, of which a strategic merge patch asks only which lists
// are merged and by which keys. That was two thirds of the time of `homeops render`.
package mergekeys

import (
	_ "embed"
	"sync"

	"sigs.k8s.io/kustomize/kyaml/openapi"
)

// schema has of kustomize's own definitions of Kubernetes' kinds what leads to a list that is merged.
// `go test ./internal/gitops/mergekeys -update` makes it.
//
//go:embed schema.json
var schema []byte

// Use has kustomize merge by this schema from now on, in the whole process, with the same results as by its own.
var Use = sync.OnceValue(use)

func use() error { return openapi.SetSchema(nil, schema, true) }
