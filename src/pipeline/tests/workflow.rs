//! The workflow of GitHub Actions, job by job.

use super::{SHOP, block, delivered, text};
use tranship_app::PipelineProvider;

fn workflow(manifest: &str) -> String {
    text(&delivered(manifest, PipelineProvider::GitHub).unwrap(), ".github/workflows/tranship.yml")
}

#[test]
fn a_run_starts_where_the_manifest_says() {
    let start = |text: &str| text.split("permissions:").next().unwrap_or_default().to_owned();
    let mark = "# Written by `tranship pipeline`.\nname: delivery\non:\n  push:\n";
    assert_eq!(
        start(&workflow(SHOP)),
        format!("{mark}    branches: [\"main\"]\n  pull_request:\n    branches: [\"main\"]\n")
    );
    let set = SHOP.replace(
        "  skip:",
        "  pipeline: { branch: release/1, tags: [\"v*\", w], paths: [\"src/**\", \"it's/*\"], tranship: \"https://d.example.org/t.tar.gz\" }\n  skip:",
    );
    assert_eq!(
        start(&workflow(&set)),
        format!(
            "{mark}    branches: [\"release/1\"]\n    tags: [\"v*\", \"w\"]\n    paths: [\"src/**\", \"it's/*\"]\n  pull_request:\n    branches: [\"release/1\"]\n"
        )
    );
    let archive = |text: &str| block(text, "env:").lines().next().unwrap_or_default().trim().to_owned();
    assert_eq!(archive(&workflow(&set)), "TRANSHIP_ARCHIVE: https://d.example.org/t.tar.gz");
    assert_eq!(
        block(&workflow(SHOP), "env:"),
        "  TRANSHIP_ARCHIVE: ${{ vars.TRANSHIP_ARCHIVE }}\n  LOG_LEVEL: ${{ vars.LOG_LEVEL }}\n  APP_VERSION: ${{ github.sha }}"
    );
}

#[test]
fn a_check_judges_the_environments_and_runs_the_tests() {
    let check = block(&workflow(SHOP), "check:");
    for part in [
        // What no environment is deployed to does not count.
        "      - name: Check the manifest\n        run: |\n          tranship -f 'a b.yaml' check --all --format github\n",
        "          if [ ! -d golden ]; then exit 0; fi\n          if tranship -f 'a b.yaml' verify --all > verify.txt; then exit 0; fi\n          cat verify.txt\n",
        "          exit 1\n",
        "      - name: Test\n        run: |\n          docker compose -f 'a b.yaml' run --build --rm unit\n",
        "      - name: Stop what the tests started\n        if: always()\n        run: docker compose -f 'a b.yaml' down --volumes --remove-orphans",
        "          echo \"$HOME/.tranship\" >> \"$GITHUB_PATH\"\n",
    ] {
        assert!(check.contains(part), "{part}\n{check}");
    }
    assert!(check.contains("    permissions:\n      contents: read\n    steps:"), "{check}");
    let without = SHOP.replace("  unit: { build: ., profiles: [test], x-tranship: { test: true } }\n", "");
    let check = block(&workflow(&without.replace("  skip: [unit]\n", "")), "check:");
    assert!(!check.contains("docker compose"), "{check}");
}

#[test]
fn a_pull_request_gets_the_plan_of_each_stack() {
    let workflow = workflow(SHOP);
    let plan = block(&workflow, "plan:");
    for part in [
        "    needs: [check]\n",
        "      pull-requests: write\n",
        "tranship -f 'a b.yaml' build --all\n",
        "          echo '### dev' >> plan.md\n          if aws cloudformation describe-stacks --stack-name my-shop-dev > /dev/null 2>&1; then\n            cp dist/dev/parameters.json parameters.json",
        "            for name in VpcId PublicSubnets PrivateSubnets; do\n",
        "            if [ \"$(wc -c < dist/dev/template.yaml)\" -gt 51200 ]; then\n",
        " --capabilities CAPABILITY_IAM --parameter-overrides file://parameters.json \"${BUCKET[@]}\" | tee deploy.txt\n",
        "            if [ -n \"$CHANGE_SET\" ]; then aws cloudformation delete-change-set --change-set-name \"$CHANGE_SET\"; fi\n",
        "          NUMBER: ${{ github.event.pull_request.number }}\n",
        "gh pr comment \"$NUMBER\" --repo \"$REPOSITORY\" --body-file plan.md --edit-last || gh pr comment",
    ] {
        assert!(plan.contains(part), "{part}\n{plan}");
    }
    assert_eq!(plan.matches("      - name: Plan ").count(), 3);
    let prod = block(&plan, "- name: Plan prod");
    assert!(!prod.contains("env:") && !prod.contains("for name in"), "it needs no value\n{prod}");
    let only = super::beanstalk::mixed().split("    site: ").next().unwrap_or_default().to_owned();
    assert!(!self::workflow(&only).contains("\n  plan:\n"), "there is no stack");
}

#[test]
fn a_deployment_takes_the_artifacts_and_the_version_of_its_run() {
    let workflow = workflow(SHOP);
    let dev = block(&workflow, "deploy-dev:");
    assert!(
        dev.trim_end().ends_with(
            "      - name: Deploy\n        env:\n          VpcId: ${{ vars.DEV_VPCID }}\n          PublicSubnets: ${{ vars.DEV_PUBLICSUBNETS }}\n          PrivateSubnets: ${{ vars.DEV_PRIVATESUBNETS }}\n        run: |\n          VERSION=$(jq --raw-output .Version dist/version.json)\n          export APP_VERSION=\"$VERSION\"\n          VALUES=()\n          for name in VpcId PublicSubnets PrivateSubnets; do\n            if [ -n \"${!name}\" ]; then VALUES+=(--parameter \"$name=${!name}\"); fi\n          done\n          tranship -f 'a b.yaml' deploy dev --yes --no-publish \"${VALUES[@]}\""
        ),
        "{dev}"
    );
    assert!(dev.contains("      - uses: actions/download-artifact@v7\n        with:\n          name: dist\n          path: dist\n"), "{dev}");
    assert!(dev.contains("    if: github.event_name == 'push'\n    needs: [publish]\n"), "{dev}");
    let plain = SHOP
        .replace("/team/api:${APP_VERSION}", "/team/api:1")
        .replace(", FEATURE, APP_VERSION", ", FEATURE");
    let site = block(
        &self::workflow(
            &plain.replace("site: { target: fargate, protected: true", "site: { target: fargate"),
        ),
        "deploy-site:",
    );
    assert!(
        site.trim_end().ends_with("        run: |\n          VALUES=()\n          tranship -f 'a b.yaml' deploy site --yes --no-publish \"${VALUES[@]}\""),
        "{site}"
    );
}

#[test]
fn what_was_approved_is_executed_and_nothing_else() {
    let workflow = workflow(SHOP);
    let plan = block(&workflow, "plan-prod:");
    for part in [
        "    needs: [deploy-dev]\n",
        "    outputs:\n      change-set: ${{ steps.plan.outputs.change-set }}\n",
        "      - name: Plan\n        id: plan\n        run: |\n          cp dist/prod/parameters.json",
        "          { echo '```'; cat changes.txt; echo '```'; } >> \"$GITHUB_STEP_SUMMARY\"\n          echo \"change-set=$CHANGE_SET\" >> \"$GITHUB_OUTPUT\"",
        "github-plan\n",
    ] {
        assert!(plan.contains(part), "{part}\n{plan}");
    }
    let deploy = block(&workflow, "deploy-prod:");
    for part in [
        "    needs: [plan-prod]\n",
        "    permissions:\n      id-token: write\n    environment: \"prod\"\n",
        "          CHANGE_SET: ${{ needs.plan-prod.outputs.change-set }}\n",
        "          if [ -z \"$CHANGE_SET\" ]; then echo 'No changes.'; exit 0; fi\n",
        "          aws cloudformation execute-change-set --change-set-name \"$CHANGE_SET\"\n",
        "then aws cloudformation wait stack-create-complete --stack-name my-shop-prod; else aws cloudformation wait stack-update-complete --stack-name my-shop-prod; fi",
        "github-prod\n",
    ] {
        assert!(deploy.contains(part), "{part}\n{deploy}");
    }
    assert!(!deploy.contains("checkout"), "what is executed depends on no file");
    assert!(block(&workflow, "plan-site:").contains("    needs: [deploy-prod]\n"));
}

#[test]
fn images_are_published_once_under_the_version_of_the_run() {
    let publish = block(&workflow(SHOP), "publish:");
    let publish = publish.trim_end();
    assert!(
        publish.contains(
            "          export COMMIT=\"$GITHUB_SHA\"\n          export VERSION=\"${COMMIT:0:12}.$GITHUB_RUN_NUMBER.$GITHUB_RUN_ATTEMPT\"\n          ACCOUNT=$(aws sts get-caller-identity --query Account --output text)\n          export ACCOUNT REGISTRY=\"$ACCOUNT.dkr.ecr.$AWS_REGION.amazonaws.com\"\n          export APP_VERSION=\"$VERSION\"\n          aws ecr get-login-password --region \"$AWS_REGION\" | docker login --username AWS --password-stdin \"$REGISTRY\"\n          aws ecr get-login-password --region eu-central-1 | docker login --username AWS --password-stdin 123456789012.dkr.ecr.eu-central-1.amazonaws.com\n          docker compose -f 'a b.yaml' build api\n          docker compose -f 'a b.yaml' push api\n          tranship -f 'a b.yaml' build --all\n"
        ),
        "{publish}"
    );
    assert!(publish.contains("    needs: [check]\n") && publish.contains("github-publish\n"), "{publish}");
    assert!(
        publish.ends_with(
            "      - uses: actions/upload-artifact@v6\n        with:\n          name: dist\n          path: dist\n          include-hidden-files: true\n          if-no-files-found: error"
        ),
        "{publish}"
    );
}
