package apitest

import _ "embed"

var (
	//go:embed testdata/deployment.yaml
	deployment string
	//go:embed testdata/pod.yaml
	pod string
)
