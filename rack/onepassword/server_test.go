package onepassword_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/home-ops/home-ops/rack/onepassword"
	"github.com/home-ops/home-ops/spec"
)

// ask sends one request and returns the status and the body.
func ask(t *testing.T, server *onepassword.Server, method, path, body string) (int, string) {
	t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	server.ServeHTTP(w, req)
	answer, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(answer)
}

func TestServer_ChangesPartsOfAnItem(t *testing.T) {
	server, _ := served(t)
	item := server.Items("lab")[0]
	path := "/v1/vaults/" + item.Vault.ID + "/items/" + item.ID
	status, answer := ask(t, server, http.MethodPatch, path, `[
		{"op": "replace", "path": "/title", "value": "renamed"},
		{"op": "replace", "path": "/fields/`+item.Fields[0].ID+`/value", "value": "new"},
		{"op": "remove", "path": "/fields/`+item.Fields[1].ID+`"},
		{"op": "add", "path": "/fields", "value": {"label": "more", "type": "STRING", "value": "v"}}]`)
	got := server.Items("lab")[0]
	if status != 200 || got.Title != "renamed" || len(got.Fields) != 2 || got.Fields[0].Value != "new" || len(got.Fields[1].ID) != 26 || got.Version != 2 {
		t.Errorf("%d %s: %+v", status, answer, got)
	}
	if status, answer = ask(t, server, http.MethodPatch, path, `[{"op": "move", "path": "/fields/x"}]`); status != 400 {
		t.Errorf("%d %s", status, answer)
	}
}

func TestServer_SaysWhatItDoesNotPlay(t *testing.T) {
	server, _ := served(t)
	vault := server.AddVault("lab")
	for path, want := range map[string]string{
		"/v1/activity": `501 {"message":"the rehearsal's Connect server does not implement GET /v1/activity","status":501}`,
		"/v1/vaults/" + vault + "/items?filter=" + `state+eq+%22ARCHIVED%22`: `400 {"message":"filter \"state eq \\\"ARCHIVED\\\"\": the rehearsal's Connect server knows title eq \"VALUE\"","status":400}`,
		"/v1/vaults/none": `404 {"message":"vault none not found","status":404}`,
	} {
		status, answer := ask(t, server, http.MethodGet, path, "")
		if got := fmt.Sprintf("%d %s", status, answer); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	for _, path := range []string{"/heartbeat", "/health"} {
		w := httptest.NewRecorder()
		server.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusOK {
			t.Errorf("%s without a token: %d", path, w.Code)
		}
	}
}

func TestServer_KeepsSilent(t *testing.T) {
	server, _ := served(t)
	server.Fail(1, onepassword.Silent)
	listening := httptest.NewServer(server)
	defer listening.Close()
	for path, want := range map[string]error{"/heartbeat": nil, "/v1/vaults": context.DeadlineExceeded} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, listening.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(req)
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v", path, err)
		}
		if err == nil {
			answer.Body.Close()
		}
		cancel()
	}
}

func TestServer_MakesAnItemOfWhichTheAnswerIsLost(t *testing.T) {
	server, _ := served(t)
	vault := server.AddVault("mine")
	server.Fail(1, onepassword.LostAnswer)
	path, item := "/v1/vaults/"+vault+"/items", `{"title": "a", "category": "SECURE_NOTE", "vault": {"id": "`+vault+`"}}`
	for _, call := range []struct {
		method, body string
		want         int
	}{{http.MethodGet, "", 200}, {http.MethodPost, item, 502}, {http.MethodPost, item, 200}} {
		if status, answer := ask(t, server, call.method, path, call.body); status != call.want {
			t.Errorf("%s: %d %s, want %d", call.method, status, answer, call.want)
		}
	}
	if got := server.Items("mine"); len(got) != 2 {
		t.Errorf("items %+v", got)
	}
}

func TestStock_HasWhatTheStackAsksFor(t *testing.T) {
	stack, problems := spec.LoadFile(filepath.Join("..", "..", "spec", "spectest", "testdata", "Pulumi.lab.yaml"))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	server := onepassword.New(token)
	asked := 0
	server.Stock(stack, func(ref spec.SecretRef) string { asked++; return "value of " + string(ref) })
	found := 0
	for _, item := range server.Items("lab") {
		for _, field := range item.Fields {
			found++
			if want := "value of op://lab/" + item.Title + "/" + field.Label; field.Value != want {
				t.Errorf("%s/%s is %q", item.Title, field.Label, field.Value)
			}
		}
	}
	if found == 0 || found != asked {
		t.Errorf("%d fields for %d references", found, asked)
	}
}

func TestStockTree_HasWhatTheAppsAskFor(t *testing.T) {
	tree := fstest.MapFS{
		"apps/echo/externalsecret.yaml": {Data: []byte("apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec:\n  data:\n" +
			"    - { secretKey: a, remoteRef: { key: echo, property: greeting } }\n    - { secretKey: b, remoteRef: { key: bgp, property: password } }\n")},
		"apps/echo/other.yaml": {Data: []byte("kind: Deployment\n")},
	}
	server, _ := served(t)
	if err := server.StockTree(tree, "lab", func(item, field string) string { return item + "." + field }); err != nil {
		t.Fatal(err)
	}
	items := server.Items("lab")
	if len(items) != 2 || items[0].Fields[0].Value != "secret" || items[1].Title != "echo" || items[1].Fields[0].Value != "echo.greeting" {
		t.Errorf("%+v", items)
	}
	if err := server.StockTree(os.DirFS(filepath.Join("..", "..", "kubernetes")), "lab", func(string, string) string { return "v" }); err != nil {
		t.Error(err)
	}
}
