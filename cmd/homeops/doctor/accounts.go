package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Soon is how long before its end a token or certificate is warned of: time enough to be back from a holiday.
const Soon = 21 * 24 * time.Hour

// The services' own addresses.
const (
	GitHubAPI     = "https://api.github.com"
	CloudflareAPI = "https://api.cloudflare.com/client/v4"
)

// oneLine keeps what is several problems in one line.
func oneLine(text string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "\n", "; ")), " ")
}

// Ending judges the end of something: a problem when it is over, a warning when it comes within [Soon]; do is what helps.
func Ending(name string, end, now time.Time, do string) Check {
	date := end.UTC().Format(time.DateOnly)
	switch left := end.Sub(now); {
	case left <= 0:
		return Check{Name: name, Verdict: Problem, Detail: "ended on " + date, Do: do}
	case left < Soon:
		return Check{Name: name, Verdict: Warning, Detail: fmt.Sprintf("ends on %s, in %d days", date, int(left.Hours()/24)), Do: do}
	}
	return Check{Name: name, Verdict: OK, Detail: "until " + date}
}

// get asks a service about the token that it is asked with.
func get(ctx context.Context, client *http.Client, url, token string, into any) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	reply, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	if reply.StatusCode == http.StatusUnauthorized || reply.StatusCode == http.StatusForbidden {
		return reply, errRefused
	}
	if reply.StatusCode != http.StatusOK {
		return reply, errors.New(reply.Status)
	}
	if into == nil {
		return reply, nil
	}
	return reply, json.NewDecoder(reply.Body).Decode(into)
}

var errRefused = errors.New("the token is not accepted")

// expirationForm is that of GitHub's header
// (https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#authentication).
const expirationForm = "2006-01-02 15:04:05 MST"

// GitHub looks at the token that looks after the repository: that it is accepted, may do what it is for, and how long. A
// classic token tells its scopes. Of a fine-grained one GitHub tells only what its owner may.
func GitHub(ctx context.Context, client *http.Client, api, repository, token string, now time.Time) []Check {
	const name = "GitHub token"
	const do = "make a new one at https://github.com/settings/tokens, and set it: pulumi config set --secret home-ops:githubToken"
	var seen struct {
		Permissions struct{ Admin bool }
	}
	reply, err := get(ctx, client, api+"/repos/"+repository, token, &seen)
	switch {
	case reply != nil && reply.StatusCode == http.StatusNotFound:
		return []Check{{Name: name, Verdict: Problem, Detail: "sees no repository " + repository, Do: "give it access to that repository; " + do}}
	case err != nil:
		return []Check{{Name: name, Verdict: Problem, Detail: oneLine(err.Error()), Do: do}}
	}
	var all []Check
	scopes := reply.Header.Get("X-OAuth-Scopes")
	granted := strings.FieldsFunc(scopes, func(r rune) bool { return r == ',' || r == ' ' })
	switch {
	case scopes != "" && !slices.Contains(granted, "repo"):
		all = append(all, Check{Name: name, Verdict: Problem, Detail: "has the scopes " + scopes + ", and needs repo for deploy key, webhook and rules", Do: do})
	case !seen.Permissions.Admin:
		all = append(all, Check{Name: name, Verdict: Problem, Detail: "may not administer " + repository + ", which deploy key, webhook and rules need", Do: do})
	case scopes == "":
		all = append(all, Check{Name: name, Verdict: OK, Detail: "is accepted, and its owner may administer " + repository + "; what a fine-grained token itself may, GitHub does not tell"})
	default:
		all = append(all, Check{Name: name, Verdict: OK, Detail: "may administer " + repository})
	}
	if text := reply.Header.Get("GitHub-Authentication-Token-Expiration"); text != "" {
		if end, err := time.Parse(expirationForm, text); err == nil {
			all = append(all, Ending(name+"'s end", end, now, do))
		}
	}
	return all
}

// Cloudflare looks at the API token: that it is active, how long, and that it sees the zone.
func Cloudflare(ctx context.Context, client *http.Client, api, zone, token string, now time.Time) []Check {
	const name = "Cloudflare token"
	const do = "make a new one (docs/edge.md has its permissions), and set it: pulumi config set --secret home-ops:cloudflareApiToken"
	var verified struct {
		Result struct {
			Status  string
			Expires time.Time `json:"expires_on"`
		}
	}
	// https://developers.cloudflare.com/api/resources/user/subresources/tokens/methods/verify/
	if _, err := get(ctx, client, api+"/user/tokens/verify", token, &verified); err != nil {
		return []Check{{Name: name, Verdict: Problem, Detail: oneLine(err.Error()), Do: do}}
	}
	if verified.Result.Status != "active" {
		return []Check{{Name: name, Verdict: Problem, Detail: "is " + verified.Result.Status, Do: do}}
	}
	var zones struct {
		Result []struct{ Permissions []string }
	}
	if _, err := get(ctx, client, api+"/zones?name="+zone, token, &zones); err != nil {
		return []Check{{Name: name, Verdict: Problem, Detail: "zones: " + oneLine(err.Error()), Do: do}}
	}
	if len(zones.Result) == 0 {
		return []Check{{Name: name, Verdict: Problem, Detail: "sees no zone " + zone, Do: "give it access to that zone; " + do}}
	}
	all := []Check{{Name: name, Verdict: OK, Detail: "is active and sees " + zone}}
	if !verified.Result.Expires.IsZero() {
		all = append(all, Ending(name+"'s end", verified.Result.Expires, now, do))
	}
	return all
}

// Connect looks whether a 1Password Connect server answers to the token.
func Connect(ctx context.Context, client *http.Client, host, vault, token string) Check {
	const name = "1Password Connect"
	var vaults []struct{ Name string }
	_, err := get(ctx, client, strings.TrimRight(host, "/")+"/v1/vaults", token, &vaults)
	if err == nil && !slices.ContainsFunc(vaults, func(v struct{ Name string }) bool { return v.Name == vault }) {
		err = fmt.Errorf("its token sees no vault %q", vault)
	}
	return judged(name, err, "its token sees "+vault, "see docs/secrets.md, \"Connect's access token\"")
}
