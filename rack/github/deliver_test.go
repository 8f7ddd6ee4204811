package github_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// receiver is what a webhook is sent to.
func receiver(t *testing.T, status int) (url string, got chan *http.Request) {
	t.Helper()
	got = make(chan *http.Request, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		req.Body = io.NopCloser(strings.NewReader(string(body)))
		got <- req
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "not today\n")
	}))
	t.Cleanup(server.Close)
	return server.URL, got
}

func hookTo(url string) string { return strings.Replace(hookBody, "http://127.0.0.1:1", url, 1) }

func TestPush_SendsWhatTheSecretSigns(t *testing.T) {
	url, got := receiver(t, http.StatusOK)
	a := start(t)
	a.object(http.StatusCreated, "POST", repo+"/hooks", hookTo(url))
	if ping := <-got; ping.Header.Get("X-Github-Event") != "ping" {
		t.Errorf("first came %v", ping.Header)
	}
	sha := strings.Repeat("b", 40)
	if err := a.Push(t.Context(), "home-ops/home-ops", "main", sha); err != nil {
		t.Fatal(err)
	}
	push := <-got
	body, err := io.ReadAll(push.Body)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte("s3cret"))
	mac.Write(body)
	for header, want := range map[string]string{
		"X-GitHub-Event": "push", "Content-Type": "application/json",
		"X-Hub-Signature-256": "sha256=" + hex.EncodeToString(mac.Sum(nil)),
	} {
		if got := push.Header.Get(header); got != want {
			t.Errorf("%s is %s, want %s", header, got, want)
		}
	}
	for _, want := range []string{`"ref":"refs/heads/main"`, `"after":"` + sha + `"`, `"full_name":"home-ops/home-ops"`} {
		if !strings.Contains(string(body), want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
}

func TestPush_TellsWhoDidNotTakeIt(t *testing.T) {
	url, _ := receiver(t, http.StatusNotFound)
	a := start(t)
	a.object(http.StatusCreated, "POST", repo+"/hooks", hookTo(url))
	err := a.Push(t.Context(), "home-ops/home-ops", "main", "x")
	if want := fmt.Sprintf("webhook push to %s/hook/x: answered 404: not today", url); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	want := "push to home-ops/none: there is no such repository, or no client that delivers webhooks"
	if err := a.Push(t.Context(), "home-ops/none", "main", "x"); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestPush_LeavesAloneWhoDoesNotListen(t *testing.T) {
	url, got := receiver(t, http.StatusOK)
	a := start(t)
	a.object(http.StatusCreated, "POST", repo+"/hooks", strings.Replace(hookTo(url), `"active":true`, `"active":false`, 1))
	if err := a.Push(t.Context(), "home-ops/home-ops", "main", "x"); err != nil {
		t.Fatal(err)
	}
	a.Close()
	for len(got) > 0 {
		if req := <-got; req.Header.Get("X-GitHub-Event") == "push" {
			t.Error("announced to a webhook that is off")
		}
	}
}
