package externalsecrets

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// The kinds of External Secrets.
var (
	Stores        = kind("secretstores")
	ClusterStores = kind("clustersecretstores")
	Externals     = kind("externalsecrets")
)

func kind(resource string) cluster.Kind {
	return cluster.Kind{Group: "external-secrets.io", Version: "v1", Resource: resource}
}

// store is a SecretStore or ClusterSecretStore.
type store struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Provider struct {
			OnePassword *onePassword `json:"onepassword"`
		} `json:"provider"`
		// RefreshInterval is after how many seconds it is looked at anew; 0 for the operator's own.
		RefreshInterval int `json:"refreshInterval"`
	} `json:"spec"`
	Status storeStatus `json:"status"`
}

// onePassword is a Connect server.
type onePassword struct {
	ConnectHost string `json:"connectHost"`
	// Vaults are searched in the order of their numbers.
	Vaults map[string]int `json:"vaults"`
	Auth   struct {
		SecretRef struct {
			Token struct {
				Name      string `json:"name"`
				Key       string `json:"key"`
				Namespace string `json:"namespace"`
			} `json:"connectTokenSecretRef"`
		} `json:"secretRef"`
	} `json:"auth"`
}

type storeStatus struct {
	Conditions   []condition `json:"conditions,omitempty"`
	Capabilities string      `json:"capabilities,omitempty"`
}

// external is an ExternalSecret.
type external struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		StoreRef struct {
			Name string `json:"name"`
			Kind string `json:"kind"`
		} `json:"secretStoreRef"`
		RefreshPolicy   string           `json:"refreshPolicy"`
		RefreshInterval *metav1.Duration `json:"refreshInterval"`
		Target          target           `json:"target"`
		Data            []struct {
			SecretKey string `json:"secretKey"`
			RemoteRef remote `json:"remoteRef"`
			SourceRef any    `json:"sourceRef"`
		} `json:"data"`
		DataFrom []struct {
			Extract   *remote `json:"extract"`
			Find      any     `json:"find"`
			Rewrite   []any   `json:"rewrite"`
			SourceRef any     `json:"sourceRef"`
		} `json:"dataFrom"`
	} `json:"spec"`
	Status externalStatus `json:"status"`
}

type remote struct {
	Key      string `json:"key"`
	Property string `json:"property"`
	Version  string `json:"version"`
	// Decoding and Conversion say what becomes of values and of field names.
	Decoding   string `json:"decodingStrategy"`
	Conversion string `json:"conversionStrategy"`
}

type target struct {
	Name           string    `json:"name"`
	CreationPolicy string    `json:"creationPolicy"`
	DeletionPolicy string    `json:"deletionPolicy"`
	Immutable      bool      `json:"immutable"`
	Template       *template `json:"template"`
}

type template struct {
	Type          string            `json:"type"`
	EngineVersion string            `json:"engineVersion"`
	MergePolicy   string            `json:"mergePolicy"`
	Data          map[string]string `json:"data"`
	TemplateFrom  []any             `json:"templateFrom"`
	Metadata      struct {
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
}

type externalStatus struct {
	RefreshTime   *metav1.Time `json:"refreshTime,omitempty"`
	SyncedVersion string       `json:"syncedResourceVersion,omitempty"`
	Conditions    []condition  `json:"conditions,omitempty"`
	Binding       *binding     `json:"binding,omitempty"`
}

type binding struct {
	Name string `json:"name"`
}

// condition is External Secrets' own form of it.
type condition struct {
	Type               string       `json:"type"`
	Status             string       `json:"status"`
	Reason             string       `json:"reason"`
	Message            string       `json:"message"`
	LastTransitionTime *metav1.Time `json:"lastTransitionTime,omitempty"`
}

// ready is the conditions with this one about being ready, whose time stays while its status does.
func ready(old []condition, ok bool, reason, message string) []condition {
	now := metav1.Now()
	c := condition{Type: "Ready", Status: "False", Reason: reason, Message: message, LastTransitionTime: &now}
	if ok {
		c.Status = "True"
	}
	for _, o := range old {
		if o.Type == c.Type && o.Status == c.Status {
			c.LastTransitionTime = o.LastTransitionTime
		}
	}
	return []condition{c}
}

func isReady(conditions []condition) bool {
	return len(conditions) > 0 && conditions[0].Status == "True"
}
