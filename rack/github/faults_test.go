package github_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/home-ops/home-ops/rack/github"
)

func TestFail_StrikesTheCallsThatAreMeantAndNoOther(t *testing.T) {
	a := start(t)
	a.Fail(github.Fault{Trouble: github.ServerError, Method: "POST", Path: repo + "/hooks"})
	a.object(http.StatusOK, "GET", repo, "")
	a.object(http.StatusInternalServerError, "POST", repo+"/hooks", hookBody)
	if len(a.Hooks("home-ops/home-ops")) > 0 {
		t.Error("did what it failed to do")
	}
	a.object(http.StatusCreated, "POST", repo+"/hooks", hookBody)
}

func TestFail_LosesAnAnswerToWhatWasDone(t *testing.T) {
	a := start(t)
	a.Fail(github.Fault{Trouble: github.LostAnswer, Path: repo + "/hooks"})
	a.object(http.StatusBadGateway, "POST", repo+"/hooks", hookBody)
	if len(a.Hooks("home-ops/home-ops")) != 1 {
		t.Error("did nothing")
	}
}

func TestFail_LimitsAsGitHubDoes(t *testing.T) {
	a := start(t)
	a.Fail(github.Fault{Trouble: github.SecondaryRateLimit, RetryAfter: 2 * time.Second})
	got, body, headers := a.do("GET", repo, "")
	if got != http.StatusForbidden || headers.Get("Retry-After") != "2" || !strings.Contains(body, "secondary rate limit") {
		t.Errorf("%d %s %v", got, body, headers)
	}
	a.Fail(github.Fault{Trouble: github.RateLimit})
	if got, _, headers := a.do("GET", repo, ""); got != http.StatusForbidden || headers.Get("X-RateLimit-Remaining") != "0" {
		t.Errorf("%d %v", got, headers)
	}
}

func TestFail_HangsUntilTheClientGivesUp(t *testing.T) {
	a := start(t)
	a.Fail(github.Fault{Trouble: github.Hang})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL+repo, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Error("answered")
	}
	a.object(http.StatusOK, "GET", repo, "")
	if calls := a.Calls(); calls[len(calls)-1] != (github.Call{Method: "GET", Path: repo, Status: 200}) {
		t.Errorf("calls %v", calls)
	}
}

func TestHeal_EndsWhatIsLeftOfAFault(t *testing.T) {
	a := start(t)
	a.Fail(github.Fault{Trouble: github.RevokedToken, Times: 100})
	a.object(http.StatusUnauthorized, "GET", repo, "")
	a.Heal()
	a.object(http.StatusOK, "GET", repo, "")
}

func TestFail_NoticesThatTheClientOfAChangeGaveUp(t *testing.T) {
	a := start(t)
	a.Fail(github.Fault{Trouble: github.Hang})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL+repo+"/hooks", strings.NewReader(hookBody))
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Error("answered")
	}
	for range 100 {
		if calls := a.Calls(); len(calls) > 0 && calls[len(calls)-1] == (github.Call{Method: "POST", Path: repo + "/hooks"}) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("calls %v", a.Calls())
}

func TestFail_DoesWhatNobodyHearsOf(t *testing.T) {
	a := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	a.Fail(github.Fault{Trouble: github.Unheard, Method: "POST", Path: repo + "/hooks", Then: cancel})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL+repo+"/hooks", strings.NewReader(hookBody))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Error("answered")
	}
	if len(a.Hooks("home-ops/home-ops")) != 1 {
		t.Error("did nothing")
	}
}
