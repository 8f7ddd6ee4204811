package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/home-ops/home-ops/cmd/homeops/doctor"
	"github.com/home-ops/home-ops/internal/kubeapi"
	"github.com/home-ops/home-ops/internal/kubeapi/apitest"
)

var now = time.Date(2026, 11, 28, 20, 30, 0, 0, time.UTC)

// lines are checks as one line each.
func lines(checks []doctor.Check) string {
	var all []string
	for _, c := range checks {
		all = append(all, fmt.Sprintf("%s|%s|%s", c.Verdict, c.Name, c.Detail))
		if (c.Verdict == doctor.Problem || c.Verdict == doctor.Warning) && c.Do == "" {
			all = append(all, "no next step for "+c.Name)
		}
	}
	return strings.Join(all, "\n")
}

func TestGitHub_LooksAtScopesAndEnd(t *testing.T) {
	for name, c := range map[string]struct {
		code               int
		scopes, end, admin string
		want               string
	}{
		"a classic token":    {200, "repo, workflow", "2027-11-28 20:30:00 UTC", "true", "ok|GitHub token|may administer me/home\nok|GitHub token's end|until 2027-11-28"},
		"one that ends soon": {200, "repo", "2026-12-08 20:30:00 UTC", "true", "ok|GitHub token|may administer me/home\nwarning|GitHub token's end|ends on 2026-12-08, in 10 days"},
		"one that has ended": {401, "", "", "", "problem|GitHub token|the token is not accepted"},
		"too few scopes":     {200, "public_repo", "", "true", "problem|GitHub token|has the scopes public_repo, and needs repo for deploy key, webhook and rules"},
		"of a guest":         {200, "", "", "false", "problem|GitHub token|may not administer me/home, which deploy key, webhook and rules need"},
		"a fine-grained one": {200, "", "", "true", "ok|GitHub token|is accepted, and its owner may administer me/home; what a fine-grained token itself may, GitHub does not tell"},
		"of another account": {404, "", "", "", "problem|GitHub token|sees no repository me/home"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/repos/me/home" || r.Header.Get("Authorization") != "Bearer token" {
				t.Errorf("asked for %s with %q", r.URL.Path, r.Header.Get("Authorization"))
			}
			w.Header().Set("X-OAuth-Scopes", c.scopes)
			if c.end != "" {
				w.Header().Set("GitHub-Authentication-Token-Expiration", c.end)
			}
			w.WriteHeader(c.code)
			fmt.Fprintf(w, `{"permissions":{"admin":%s}}`, c.admin)
		}))
		if got := lines(doctor.GitHub(t.Context(), server.Client(), server.URL, "me/home", "token", now)); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
		server.Close()
	}
}

func TestCloudflare_LooksAtStatusEndAndZone(t *testing.T) {
	for name, c := range map[string]struct{ verify, zones, want string }{
		"an active token":    {`{"result":{"status":"active"}}`, `{"result":[{}]}`, "ok|Cloudflare token|is active and sees example.com"},
		"one that has ended": {`{"result":{"status":"expired"}}`, ``, "problem|Cloudflare token|is expired"},
		"for another zone":   {`{"result":{"status":"active"}}`, `{"result":[]}`, "problem|Cloudflare token|sees no zone example.com"},
		"one that ends soon": {
			`{"result":{"status":"active","expires_on":"2026-11-29T20:30:00Z"}}`, `{"result":[{}]}`,
			"ok|Cloudflare token|is active and sees example.com\nwarning|Cloudflare token's end|ends on 2026-11-29, in 1 days",
		},
		"one that is refused": {"", "", "problem|Cloudflare token|the token is not accepted"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := map[string]string{"/user/tokens/verify": c.verify, "/zones": c.zones}[r.URL.Path]
			if answer == "" {
				w.WriteHeader(http.StatusForbidden)
			}
			fmt.Fprint(w, answer)
		}))
		if got := lines(doctor.Cloudflare(t.Context(), server.Client(), server.URL, "example.com", "token", now)); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
		server.Close()
	}
}

func TestConnect_SeesItsVault(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `[{"name":"home"}]`) }))
	defer server.Close()
	for vault, want := range map[string]string{
		"home": "ok|1Password Connect|its token sees home", "lab": `problem|1Password Connect|its token sees no vault "lab"`,
	} {
		if got := lines([]doctor.Check{doctor.Connect(t.Context(), server.Client(), server.URL, vault, "token")}); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// cluster is an API with the given lists by the ends of their paths; what it lacks, it does not know.
func cluster(t *testing.T, ends time.Duration, lists map[string]string) kubeapi.API {
	t.Helper()
	kubeconfig, _ := apitest.Serve(t, ends, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for end, list := range lists {
			if strings.HasSuffix(r.URL.Path, "/"+end) {
				fmt.Fprintf(w, `{"items":[%s]}`, list)
				return
			}
		}
		http.NotFound(w, r)
	}))
	api, err := kubeapi.Open(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

func ready(name, status, message string) string {
	return fmt.Sprintf(`{"metadata":{"namespace":"n","name":%q},"status":{"conditions":[{"type":"Ready","status":%q,"message":%q}]}}`, name, status, message)
}

func TestFlux_NamesWhatIsNotReady(t *testing.T) {
	good := map[string]string{"gitrepositories": ready("a", "True", ""), "kustomizations": ready("a", "True", "") + "," + ready("b", "True", "")}
	want := "ok|Flux's sources|1, all ready\nok|Kustomizations|2, all ready\nok|HelmReleases|0, all ready"
	if got := lines(doctor.Flux(t.Context(), cluster(t, time.Hour, good), now)); got != want {
		t.Errorf("got\n%s", got)
	}
	bad := map[string]string{
		"kustomizations": ready("a", "False", "build\nfailed") + `,{"metadata":{"namespace":"n","name":"new"}}` + `,{"metadata":{"name":"off"},"spec":{"suspend":true}}`,
		"helmreleases":   ready("h", "Unknown", "waits"),
	}
	want = `problem|Flux's sources|there are none
problem|Kustomizations|2 of 3 are not ready: n/a: build; failed; n/new: nobody has reported on it yet
problem|HelmReleases|1 of 1 are not ready: n/h: waits`
	if got := lines(doctor.Flux(t.Context(), cluster(t, time.Hour, bad), now)); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestFlux_WarnsOfWhatIsUnderWay(t *testing.T) {
	one := func(name, status, reason string, ago time.Duration) string {
		return fmt.Sprintf(`{"metadata":{"namespace":"n","name":%q},"status":{"conditions":[{"type":"Ready","status":%q,"reason":%q,"message":"m","lastTransitionTime":%q}]}}`,
			name, status, reason, now.Add(-ago).Format(time.RFC3339))
	}
	created := func(ago time.Duration) string {
		return fmt.Sprintf(`{"metadata":{"namespace":"n","name":"new","creationTimestamp":%q}}`, now.Add(-ago).Format(time.RFC3339))
	}
	const do = "wait, and ask again; what is under way for 15 minutes is a problem"
	for what, c := range map[string]struct{ list, want, do string }{
		"behind a push":             {one("a", "Unknown", "Progressing", time.Minute), "warning|Kustomizations|1 of 1 are under way: n/a: m", do},
		"one that waits for it":     {one("a", "False", "DependencyNotReady", time.Minute), "warning|Kustomizations|1 of 1 are under way: n/a: m", do},
		"made just now":             {created(time.Minute), "warning|Kustomizations|1 of 1 are under way: n/new: nobody has reported on it yet", do},
		"under way for too long":    {one("a", "Unknown", "Progressing", 15*time.Minute), "problem|Kustomizations|1 of 1 are not ready: n/a: m", ""},
		"waiting for too long":      {one("a", "False", "DependencyNotReady", time.Hour), "problem|Kustomizations|1 of 1 are not ready: n/a: m", ""},
		"looked at by nobody":       {created(time.Hour), "problem|Kustomizations|1 of 1 are not ready: n/new: nobody has reported on it yet", ""},
		"one that has failed":       {one("a", "False", "BuildFailed", time.Second), "problem|Kustomizations|1 of 1 are not ready: n/a: m", ""},
		"one failed, one under way": {one("a", "False", "BuildFailed", 0) + "," + one("b", "Unknown", "Progressing", 0), "problem|Kustomizations|1 of 2 are not ready: n/a: m", ""},
	} {
		checks := doctor.Flux(t.Context(), cluster(t, time.Hour, map[string]string{"kustomizations": c.list}), now)
		if got := lines(checks[1:2]); got != c.want || c.do != "" && checks[1].Do != c.do {
			t.Errorf("%s: got %s, do %s", what, got, checks[1].Do)
		}
	}
}

func TestCertificates_OneThatIsBeingIssuedIsUnderWay(t *testing.T) {
	one := func(issuing string, ago time.Duration) map[string]string {
		return map[string]string{"certificates": fmt.Sprintf(`{"metadata":{"namespace":"n","name":"a"},"status":{"conditions":[
			{"type":"Issuing","status":%q},{"type":"Ready","status":"False","reason":"DoesNotExist","message":"m","lastTransitionTime":%q}]}}`,
			issuing, now.Add(-ago).Format(time.RFC3339))}
	}
	for want, list := range map[string]map[string]string{
		"warning|Certificates|1 of 1 are under way: n/a: m": one("True", time.Minute),
		"problem|Certificates|1 of 1 are not ready: n/a: m": one("False", time.Minute),
	} {
		if got := lines(doctor.Certificates(t.Context(), cluster(t, time.Hour, list), now)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestCertificates_LooksAtTheirEnds(t *testing.T) {
	lists := map[string]string{"certificates": `{"metadata":{"namespace":"network","name":"gateways"},
		"status":{"notAfter":"2026-12-01T20:30:00Z","conditions":[{"type":"Ready","status":"True"}]}}`}
	got := lines(doctor.Certificates(t.Context(), cluster(t, 400*24*time.Hour, lists), now))
	if want := "ok|Certificates|1, all ready\nwarning|Certificate network/gateways|ends on 2026-12-01, in 3 days"; got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestRenewed_NamesTheCertificatesThatNoCopyHas(t *testing.T) {
	lists := map[string]string{"certificates": `{"metadata":{"namespace":"network","name":"gateways"},"status":{"notBefore":"2026-11-20T20:30:00Z"}},
		{"metadata":{"namespace":"cert-manager","name":"ca"},"status":{"notBefore":"2026-10-01T00:00:00Z"}},{"metadata":{"namespace":"network","name":"new"}}`}
	api := cluster(t, time.Hour, lists)
	made := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	want := "warning|copy of the certificate network/gateways|the newest break-glass copy is of 2026-11-01T00:00:00Z, and the certificate of 2026-11-20T20:30:00Z"
	if got := lines(doctor.Renewed(t.Context(), api, made, "save")); got != want {
		t.Errorf("got\n%s", got)
	}
	if got := lines(doctor.Renewed(t.Context(), api, now, "save")); got != "" {
		t.Errorf("a copy that has them all:\n%s", got)
	}
}

// tlsServer serves at an address of its own, where nobody else is.
func tlsServer(t *testing.T) (address string) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	l, err := net.Listen("tcp", "127.0.87.1:443")
	if errors.Is(err, fs.ErrPermission) {
		t.Skip("this user may not listen at port 443")
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = server.Listener.Close()
	server.Listener = l
	server.StartTLS()
	t.Cleanup(server.Close)
	return "127.0.87.1"
}

func TestAnnounced_ConnectsAndAgreesOnTLS(t *testing.T) {
	got := doctor.Announced(t.Context(), "internal gateway", tlsServer(t), "echo.example.com")
	if want := (doctor.Check{Name: "internal gateway at 127.0.87.1", Verdict: doctor.OK, Detail: "answers with TLS"}); got != want {
		t.Errorf("got %+v", got)
	}
}

func TestAnnounced_SaysWhenNobodyAnswers(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nothing is sent
	got := doctor.Announced(ctx, "internal gateway", "127.0.0.1", "echo.example.com")
	if got.Verdict != doctor.Problem || got.Do == "" {
		t.Errorf("%+v", got)
	}
}

func TestReport_IsReadByPeopleAndPrograms(t *testing.T) {
	var r doctor.Report
	r.Add(doctor.Machine, doctor.Check{Name: "pulumi", Verdict: doctor.OK, Detail: "/bin/pulumi"})
	r.Add(doctor.Cluster, doctor.Check{Name: "cp-1", Verdict: doctor.Warning, Detail: "old", Do: "pulumi up"})
	if !r.Healthy() {
		t.Error("a warning is a problem")
	}
	r.Add(doctor.Cluster, doctor.Check{Name: "cp-2", Verdict: doctor.Problem, Detail: "off", Do: "switch it on"})
	if r.Healthy() {
		t.Error("a problem is none")
	}
	var text, raw bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	want := `this machine
  ok             pulumi: /bin/pulumi
cluster
  warning        cp-1: old
                 -> pulumi up
  problem        cp-2: off
                 -> switch it on
`
	if text.String() != want {
		t.Errorf("got\n%s", text.String())
	}
	text.Reset()
	if err := r.Faults().WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if got, want := text.String(), want[strings.Index(want, "cluster"):]; got != want {
		t.Errorf("faults\n%s", got)
	}
	if err := r.WriteJSON(&raw); err != nil {
		t.Fatal(err)
	}
	var read struct {
		Healthy bool
		Checks  doctor.Report
	}
	if err := json.Unmarshal(raw.Bytes(), &read); err != nil || read.Healthy || !slices.Equal(read.Checks, r) {
		t.Errorf("%v: %+v", err, read)
	}
}

func TestDisks_NamesThoseThatServeNobodyOnANodeThatIsWell(t *testing.T) {
	node := func(name, ready string) string {
		return fmt.Sprintf(`{"metadata":{"name":%[1]q,"labels":{"kubernetes.io/hostname":%[1]q}},"status":{"conditions":[{"type":"Ready","status":%[2]q}]}}`, name, ready)
	}
	osd := func(id, node string, ready int) string {
		return fmt.Sprintf(`{"metadata":{"namespace":"rook-ceph","name":"rook-ceph-osd-%[1]s","labels":{"ceph-osd-id":%[1]q}},
			"spec":{"template":{"spec":{"nodeSelector":{"kubernetes.io/hostname":%[2]q}}}},"status":{"readyReplicas":%[3]d}}`, id, node, ready)
	}
	disk := func(node, status string) string {
		return fmt.Sprintf(`{"metadata":{"namespace":"longhorn-system","name":%q},"status":{"diskStatus":{"default-disk-1":{"diskUUID":"uuid-1",
			"conditions":[{"type":"Ready","status":%q,"reason":"NoDiskInfo","message":"no\nconfig "},{"type":"Schedulable","status":"False"}]}}}}`, node, status)
	}
	nodes := node("a", "True") + "," + node("b", "True") + "," + node("gone", "Unknown")
	for name, c := range map[string]struct{ osds, longhorn, want string }{
		"all well":         {osd("0", "a", 1), disk("a", "True"), "ok|disks of the storage|1 OSDs of Ceph and 1 disks of Longhorn"},
		"of a node away":   {osd("0", "a", 1) + "," + osd("1", "gone", 0), disk("gone", "False"), "ok|disks of the storage|2 OSDs of Ceph and 1 disks of Longhorn"},
		"a dead OSD":       {osd("0", "a", 1) + "," + osd("1", "b", 0), "", "problem|Ceph's osd.1|does not run, and its node b is well: it starts, its disk is dead, or its disk was exchanged"},
		"a dead disk":      {"", disk("b", "False"), "problem|Longhorn's disk of b|default-disk-1 (uuid-1) is not ready: NoDiskInfo: no; config"},
		"neither of these": {"", "", ""},
	} {
		lists := map[string]string{"v1/nodes": nodes, "deployments": c.osds}
		if c.longhorn != "" {
			lists["longhorn.io/v1beta2/nodes"] = c.longhorn
		}
		checks := doctor.Disks(t.Context(), cluster(t, time.Hour, lists))
		if got := lines(checks); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
		for _, check := range checks {
			if check.Verdict == doctor.Problem && !strings.Contains(check.Do, "docs/runbooks/replace-disk.md") {
				t.Errorf("%s: %s", name, check.Do)
			}
		}
	}
}
