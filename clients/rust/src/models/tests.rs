use crate::Code;
use crate::fake::{Fake, Rude, whole};

use super::*;

#[tokio::test]
async fn models_come_from_all_pages() {
    let fake = Fake::start(whole).await;
    let mut models = fake.client().models();
    for number in 0..5 {
        assert_eq!(models.next().await.unwrap().unwrap().name, format!("models/m{number}"));
    }
    assert!(models.next().await.is_none());
    assert_eq!(fake.views(), [ModelView::Basic; 3]);

    // The server is shutting down at the first attempts.
    for _ in 0..3 {
        fake.be_rude(Rude::NoTrailers);
    }
    let model = fake
        .client()
        .model("numbers@3")
        .timeout(Duration::from_secs(100))
        .await
        .unwrap();
    assert_eq!(model.name, "models/numbers/versions/3");

    fake.be_rude(Rude::Reset(h2::Reason::INTERNAL_ERROR));
    let mut models = fake.client().models();
    assert_eq!(models.next().await.unwrap().unwrap_err().code(), Code::Internal);
    assert!(models.next().await.is_none());
    assert_eq!(
        fake.client().model("a/b").await.unwrap_err().code(),
        Code::InvalidArgument
    );
}

#[tokio::test]
async fn models_come_in_the_view_that_was_asked_for() {
    let fake = Fake::start(whole).await;
    let mut models = fake.client().models().view(ModelView::Full);
    models.next().await.unwrap().unwrap();
    assert_eq!(fake.views(), [ModelView::Full]);
}
