package helmguard

import "github.com/home-ops/home-ops/internal/kubeapi"

// api is the Kubernetes API, as this package asks it.
type api struct{ kubeapi.API }
