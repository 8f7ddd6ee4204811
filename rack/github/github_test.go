package github_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/rack/github"
)

const (
	admin  = "ghp_admin"
	status = "ghp_status"
	repo   = "/repos/home-ops/home-ops"
	key    = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
)

// api is a GitHub and a client of it.
type api struct {
	*github.Server
	URL   string
	t     *testing.T
	token string
}

func start(t *testing.T) api {
	t.Helper()
	gh := github.New(github.Options{
		Tokens: map[string]github.Access{admin: github.Administer, status: github.WriteStatuses},
		Repositories: []github.Repository{
			{Owner: "home-ops", Name: "home-ops"},
			{Owner: "home-ops", Name: "private", Private: true},
			{Owner: "home-ops", Name: "old", Archived: true},
		},
		Client: http.DefaultClient,
	})
	server := httptest.NewServer(gh)
	t.Cleanup(func() { gh.Close(); server.Close() })
	return api{gh, server.URL, t, admin}
}

func (a api) as(token string) api { a.token = token; return a }

// do makes a call and returns the answer's status, body and headers.
func (a api) do(method, path, body string, headers ...string) (int, string, http.Header) {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.URL+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return resp.StatusCode, string(bytes.TrimSpace(content)), resp.Header
}

// object is a call whose answer is an object.
func (a api) object(want int, method, path, body string) map[string]any {
	a.t.Helper()
	got, content, _ := a.do(method, path, body)
	if got != want {
		a.t.Fatalf("%s %s: %d %s, want %d", method, path, got, content, want)
	}
	var out map[string]any
	if content != "" {
		if err := json.Unmarshal([]byte(content), &out); err != nil {
			a.t.Fatal(err)
		}
	}
	return out
}

// path is where an answer says that it can be found.
func (a api) path(answer map[string]any, below string) string {
	a.t.Helper()
	raw, err := json.Marshal(answer["id"])
	if err != nil {
		a.t.Fatal(err)
	}
	return repo + below + string(raw)
}

const hookBody = `{"name":"web","events":["push"],"active":true,
	"config":{"url":"http://127.0.0.1:1/hook/x","content_type":"json","secret":"s3cret","insecure_ssl":"0"}}`

const rulesetBody = `{"name":"main","target":"branch","enforcement":"active",
	"conditions":{"ref_name":{"include":["refs/heads/main"],"exclude":[]}},
	"rules":[{"type":"deletion"},{"type":"required_status_checks","parameters":{"required_status_checks":[{"context":"preview"}]}}]}`

func TestServer_KeepsWhatIsMadeAndForgetsWhatIsDeleted(t *testing.T) {
	for below, body := range map[string]string{
		"/keys":     `{"title":"flux","key":"` + key + ` me@home","read_only":true}`,
		"/hooks":    hookBody,
		"/rulesets": rulesetBody,
	} {
		t.Run(below, func(t *testing.T) {
			a := start(t)
			at := a.path(a.object(http.StatusCreated, "POST", repo+below, body), below+"/")
			a.object(http.StatusOK, "GET", at, "")
			if _, list, _ := a.do("GET", repo+below, ""); strings.Count(list, `"id"`) != 1 {
				t.Errorf("lists %s", list)
			}
			a.object(http.StatusNoContent, "DELETE", at, "")
			a.object(http.StatusNotFound, "GET", at, "")
		})
	}
}

func TestServer_ShowsWhatARehearsalLooksFor(t *testing.T) {
	a := start(t)
	a.object(http.StatusCreated, "POST", repo+"/keys", `{"title":"flux","key":"`+key+` me@home","read_only":true}`)
	a.object(http.StatusCreated, "POST", repo+"/hooks", hookBody)
	a.object(http.StatusCreated, "POST", repo+"/rulesets", rulesetBody)
	if got := a.DeployKeys("home-ops/home-ops"); len(got) != 1 || got[0].Key != key || !got[0].ReadOnly {
		t.Errorf("keys %+v", got)
	}
	if got := a.Hooks("home-ops/home-ops"); len(got) != 1 || got[0].Secret != "s3cret" || got[0].ContentType != "json" {
		t.Errorf("hooks %+v", got)
	}
	got := a.Rulesets("home-ops/home-ops")
	if len(got) != 1 || got[0].Branches[0] != "refs/heads/main" || got[0].Rules[1].Type != "required_status_checks" {
		t.Errorf("rulesets %+v", got)
	}
}

func TestServer_ChangesAHookAndNeverTellsItsSecret(t *testing.T) {
	a := start(t)
	made := a.object(http.StatusCreated, "POST", repo+"/hooks", hookBody)
	changed := strings.Replace(hookBody, "s3cret", "another", 1)
	config := a.object(http.StatusOK, "PATCH", a.path(made, "/hooks/"), changed)["config"].(map[string]any)
	// GitHub's Go client takes insecure_ssl as text alone.
	if config["secret"] != "********" || config["insecure_ssl"] != "0" {
		t.Errorf("tells %v", config)
	}
	if got := a.Hooks("home-ops/home-ops")[0].Secret; got != "another" {
		t.Errorf("keeps %s", got)
	}
}

func TestServer_RefusesWhatGitHubRefuses(t *testing.T) {
	a := start(t)
	a.object(http.StatusCreated, "POST", repo+"/keys", `{"title":"flux","key":"`+key+`"}`)
	a.object(http.StatusCreated, "POST", repo+"/hooks", hookBody)
	a.object(http.StatusCreated, "POST", repo+"/rulesets", rulesetBody)
	for name, test := range map[string]struct {
		token, method, path, body string
		status                    int
		want                      string
	}{
		"a token that is none":       {"x", "GET", repo, "", 401, "Bad credentials"},
		"a stranger's change":        {"", "POST", repo + "/hooks", hookBody, 404, "Not Found"},
		"a stranger's look":          {"", "GET", "/repos/home-ops/private", "", 404, "Not Found"},
		"too little access":          {status, "POST", repo + "/hooks", hookBody, 403, "Resource not accessible by personal access token"},
		"an archived repository":     {admin, "POST", "/repos/home-ops/old/hooks", hookBody, 403, "Repository was archived so is read-only."},
		"no such repository":         {admin, "GET", "/repos/home-ops/none", "", 404, "Not Found"},
		"a key that is in use":       {admin, "POST", "/repos/home-ops/private/keys", `{"key":"` + key + `"}`, 422, "key is already in use"},
		"a key that is none":         {admin, "POST", repo + "/keys", `{"key":"x"}`, 422, "key is invalid. You must supply a key in OpenSSH public key format"},
		"the same hook":              {admin, "POST", repo + "/hooks", hookBody, 422, "Hook already exists on this repository"},
		"the same ruleset":           {admin, "POST", repo + "/rulesets", rulesetBody, 422, "Name must be unique"},
		"a ruleset that costs money": {admin, "POST", "/repos/home-ops/private/rulesets", rulesetBody, 403, "Upgrade to GitHub Pro or make this repository public to enable this feature."},
		"a status of no commit":      {admin, "POST", repo + "/statuses/main", `{"state":"success"}`, 422, "No commit found for SHA: main"},
		"what is not played":         {admin, "DELETE", repo, "", 501, "this stand-in for GitHub does not play DELETE " + repo},
	} {
		t.Run(name, func(t *testing.T) {
			got, body, _ := a.as(test.token).do(test.method, test.path, test.body)
			if got != test.status || !strings.Contains(body, `"message":"`+test.want+`"`) {
				t.Errorf("%d %s, want %d %s", got, body, test.status, test.want)
			}
		})
	}
}

func TestServer_RefusesARevokedToken(t *testing.T) {
	a := start(t)
	a.object(http.StatusOK, "GET", "/user", "")
	a.Revoke(admin)
	a.object(http.StatusUnauthorized, "GET", "/user", "")
}

func TestServer_SaysThatNothingHasChanged(t *testing.T) {
	a := start(t)
	at := a.path(a.object(http.StatusCreated, "POST", repo+"/keys", `{"title":"flux","key":"`+key+`"}`), "/keys/")
	_, _, headers := a.do("GET", at, "")
	if got, body, _ := a.do("GET", at, "", "If-None-Match", headers.Get("ETag")); got != http.StatusNotModified || body != "" {
		t.Errorf("%d %s", got, body)
	}
}

func TestServer_AnswersInPages(t *testing.T) {
	a := start(t)
	for i := range 3 {
		a.object(http.StatusCreated, "POST", repo+"/keys", `{"title":"flux","key":"ssh-ed25519 AAAA`+strings.Repeat("A", i)+`"}`)
	}
	_, body, headers := a.do("GET", repo+"/keys?per_page=2", "")
	if want := `<https://api.github.com` + repo + `/keys?page=2&per_page=2>; rel="next"`; strings.Count(body, `"id"`) != 2 || !strings.Contains(headers.Get("Link"), want) {
		t.Errorf("%s, links %s", body, headers.Get("Link"))
	}
	_, body, headers = a.do("GET", repo+"/keys?per_page=2&page=2", "")
	if strings.Count(body, `"id"`) != 1 || strings.Contains(headers.Get("Link"), "next") {
		t.Errorf("%s, links %s", body, headers.Get("Link"))
	}
}

func TestServer_KeepsCommitStatuses(t *testing.T) {
	a := start(t).as(status)
	sha := strings.Repeat("a", 40)
	for _, state := range []string{"failure", "success"} {
		a.object(http.StatusCreated, "POST", repo+"/statuses/"+sha, `{"state":"`+state+`","context":"home/apps","description":"x"}`)
	}
	got := a.Statuses("home-ops/home-ops", sha)
	if len(got) != 2 || got[0].State != "success" || got[0].Context != "home/apps" {
		t.Errorf("%+v", got)
	}
	if _, list, _ := a.do("GET", repo+"/commits/"+sha+"/statuses", ""); strings.Index(list, "success") > strings.Index(list, "failure") {
		t.Errorf("not the newest first: %s", list)
	}
}

func TestServer_AnswersWhereAnotherAddressIsGiven(t *testing.T) {
	start(t).object(http.StatusOK, "GET", "/api/v3"+repo, "")
}

func TestAccept_LetsAnotherTokenDoWhatTheFormerMay(t *testing.T) {
	a := start(t)
	a.Accept("next", admin)
	a.Revoke(admin)
	a.object(http.StatusUnauthorized, "GET", "/user", "")
	if got, body, _ := a.as("next").do("GET", repo+"/keys", ""); got != http.StatusOK {
		t.Errorf("%d %s", got, body)
	}
	if in, out := a.Shown("next"), a.Shown(admin); in.In != 1 || out.Refused != 1 {
		t.Errorf("the next was shown %+v, the former %+v", in, out)
	}
}

func TestRepository_TellsWhoeverAsksWhatTheyMayDo(t *testing.T) {
	a := start(t)
	for name, test := range map[string]struct{ token, want string }{
		"who administers it": {admin, `"permissions":{"admin":true,"maintain":true,"push":true,"triage":true,"pull":true}`},
		"who sets statuses":  {status, `"permissions":{"admin":false,"maintain":false,"push":false,"triage":false,"pull":true}`},
		"a stranger":         {"", ""},
	} {
		_, body, _ := a.as(test.token).do("GET", repo, "")
		if !strings.Contains(body, test.want) || strings.Contains(body, "permissions") != (test.want != "") {
			t.Errorf("%s is told %s", name, body)
		}
	}
}
