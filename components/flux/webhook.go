package flux

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/flux/objects"
	"github.com/home-ops/home-ops/internal/derive"
)

// webhookLabel is what the webhook's secret is derived by. Another label is another
// secret.
const webhookLabel = "flux/webhook"

// webhook makes a receiver, the way to it, and at GitHub the announcement. It returns
// the address.
func (b *builder) webhook(namespace, instance pulumi.Resource, atGitHub *gitHub) (pulumi.StringOutput, error) {
	webhook := b.args.Stack.Flux.Webhook
	nowhere := pulumi.String("").ToStringOutput()
	if webhook == nil {
		return nowhere, nil
	}
	token := b.args.WebhookSecret
	if token == nil {
		token = derive.Secret(b.args.Seed, webhookLabel)
	}
	secret, err := b.secret("webhook-token", objects.ReceiverSecret, nil, map[string]pulumi.StringInput{"token": token}, namespace)
	if err != nil {
		return nowhere, err
	}
	receiver, err := b.object("receiver", objects.Receiver(webhook), instance, secret)
	if err != nil {
		return nowhere, err
	}
	way := append([]pulumi.Resource{namespace}, b.args.Network...)
	policy, err := b.object("webhook-policy", objects.Policy(), way...)
	if err != nil {
		return nowhere, err
	}
	route, err := b.object("webhook-route", objects.Route(b.args.Stack), way...)
	if err != nil {
		return nowhere, err
	}
	url := pulumi.ToSecret(token.ToStringOutput().ApplyT(func(token string) string {
		return objects.WebhookURL(webhook.Host, token)
	})).(pulumi.StringOutput)
	return url, atGitHub.webhook(url, token, receiver, policy, route)
}

// status has Flux tell GitHub what became of each commit.
func (b *builder) status(namespace, instance pulumi.Resource) error {
	stack := b.args.Stack
	if !objects.ReportsStatus(stack) {
		return nil
	}
	secret, err := b.secret("status-token", objects.StatusSecret, nil,
		map[string]pulumi.StringInput{"token": b.args.StatusToken}, namespace)
	if err != nil {
		return err
	}
	provider, err := b.object("status-provider", objects.StatusProvider(stack), instance, secret)
	if err != nil {
		return err
	}
	_, err = b.object("status-alert", objects.StatusAlert(), provider)
	return err
}
