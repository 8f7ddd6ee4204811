package outside

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/recorder"
)

func theItem() inputs {
	return wanted(map[string]any{"vault": "v", "title": `the "home"`, "tags": []any{ItemTag}, "sections": "very-secret"}, "sections")
}

func TestItem_WithTheTagIsRemovedUnlessItHasJustBeenMade(t *testing.T) {
	const there = `[{"id":"i1","title":"the \"home\"","tags":["home-ops"]},{"id":"i2","title":"the \"home\""},
		{"id":"i3","title":"The \"Home\"","tags":["home-ops"]},{"id":"i4","title":"the \"home\"","tags":["x","home-ops"]}]`
	told := func(id string) string {
		return `item "the \"home\"" (` + id + `) was made by a run or a call that never heard of it; it is removed`
	}
	for id, test := range map[string]struct{ removed, told []string }{
		"":                  {[]string{"/v1/vaults/v/items/i1", "/v1/vaults/v/items/i4"}, []string{told("i1"), told("i4")}},
		"vaults/v/items/i4": {[]string{"/v1/vaults/v/items/i1"}, []string{told("i1")}},
	} {
		f := startFake(t, map[string]string{`GET /v1/vaults/v/items?filter=title+eq+%22the+%5C%22home%5C%22%22`: there})
		f.check(t, f.connect().item(t.Context(), theItem(), id), "", test.removed, test.told)
	}
}

// op is run as the provider runs it.
func TestItem_OfAServiceAccountIsRemovedByItsCommand(t *testing.T) {
	dir := t.TempDir()
	script := `#!/bin/sh
[ "$OP_SERVICE_ACCOUNT_TOKEN" = "` + theToken + `" ] && [ -z "$OP_CONNECT_HOST" ] || { echo "not signed in" >&2; exit 1; }
echo "$*" >> "` + dir + `/calls"
case "$2" in
list) echo '[{"id":"i1","title":"the \"home\"","tags":["home-ops"]},{"id":"i2","title":"another","tags":["home-ops"]}]' ;;
esac
`
	if err := os.WriteFile(filepath.Join(dir, "op"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("OP_CONNECT_HOST", "http://nas:8080")
	f := &fake{}
	o := NewServiceAccount(f.tell)
	err := o.item(t.Context(), theItem(), "")
	if want := "op item list: not signed in"; err == nil || err.Error() != want {
		t.Errorf("without a token: %v, want %s", err, want)
	}
	o.open(theToken)
	if err := o.item(t.Context(), theItem(), ""); err != nil {
		t.Fatal(err)
	}
	calls, err := os.ReadFile(filepath.Join(dir, "calls"))
	if want := "item list --vault v --tags home-ops --format json\nitem delete i1 --vault v\n"; err != nil || string(calls) != want {
		t.Errorf("op was run with\n%s%v, want\n%s", calls, err, want)
	}
}

func TestConnect_GivesItsTokenOnceItAnswersWhateverItSays(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusUnauthorized, http.StatusInternalServerError} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v1/vaults" || r.Header.Get("Authorization") != "Bearer "+theToken {
				t.Errorf("asks %s with %q", r.URL, r.Header.Get("Authorization"))
			}
			w.WriteHeader(status)
		}))
		got, err := given(NewConnect(server.URL+"/", http.DefaultTransport, nil))
		if err != nil || got != theToken {
			t.Errorf("%d: %q, %v", status, got, err)
		}
		server.Close()
		_, err = given(NewConnect(server.URL, http.DefaultTransport, nil))
		if want := "secrets.onePassword.connectHost: 1Password Connect at " + server.URL + ": "; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nobody is there: %v", err)
		}
	}
}

// given is the token that a provider gets.
func given(o *OnePassword) (token string, err error) {
	rec := &recorder.Recorder{}
	err = rec.Run(func(ctx *pulumi.Context) error {
		ctx.Export("token", o.Token(pulumi.ToSecret(pulumi.String(theToken)).(pulumi.StringOutput)))
		return nil
	}, "lab")
	if exported := rec.Exports()["token"]; exported.IsSecret() {
		token = exported.SecretValue().Element.StringValue()
	}
	return token, err
}
