package talos

import "testing"

func TestWithServer_LeadsElsewhereOnlyWhereThatIsAnotherServer(t *testing.T) {
	const kubeconfig = "clusters:\n- name: home\n  cluster:\n    server: https://10.0.50.50:6443\n    certificate-authority-data: eA==\n"
	const moved = "clusters:\n- name: home\n  cluster:\n    server: https://10.0.50.51:6443\n    certificate-authority-data: eA==\n"
	for server, want := range map[string]string{
		"": kubeconfig, "https://10.0.50.50:6443": kubeconfig, "https://10.0.50.50:6443/": kubeconfig, "https://10.0.50.51:6443": moved,
	} {
		if got := withServer(kubeconfig, server); got != want {
			t.Errorf("%q: %s", server, got)
		}
	}
	if got := withServer("no kubeconfig", "https://10.0.50.51:6443"); got != "no kubeconfig" {
		t.Error(got)
	}
}
